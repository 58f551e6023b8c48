// Does one part of what an application does with supabase-js, and prints what came of it as JSON.
// Arguments: the part, and {url, key, secret} as JSON.

import { createClient } from "@supabase/supabase-js";
import WebSocket from "ws";

const PASSWORD = "correct horse battery";
const PATIENCE_MS = 20_000;

const [part, text] = process.argv.slice(2);
const project = JSON.parse(text);

function client(key = project.key) {
  return createClient(project.url, key, {
    auth: { persistSession: false, autoRefreshToken: false },
    realtime: { transport: WebSocket },
  });
}

const admin = client(project.secret);
const made = [];
let doing = ""; // what is waited for, should it never come

/** The data of an answer that is no error. */
function data(answer) {
  if (answer.error) throw answer.error;
  return answer.data;
}

/** What an error says of itself: its status, and its code where it has one. */
function told({ error, status }) {
  return error && [status ?? error.status ?? error.originalError.status, error.code ?? error.statusCode ?? null];
}

async function member(name) {
  const supabase = client();
  const email = `${name}-${crypto.randomUUID()}@example.com`;
  const { user } = data(await supabase.auth.signUp({ email, password: PASSWORD, options: { data: { nick: name } } }));
  made.push(user.id);
  return { supabase, email, id: user.id };
}

/** A queue: what is pushed is taken in order, whoever comes first. */
function queue() {
  const items = [];
  const takers = [];
  return {
    push: (item) => (takers.length ? takers.shift()(item) : items.push(item)),
    take: () => (items.length ? Promise.resolve(items.shift()) : new Promise((resolve) => takers.push(resolve))),
    get waiting() {
      return items.length;
    },
  };
}

/** Subscribes and gives the first state that says how it went. */
function subscribed(channel) {
  return new Promise((resolve) =>
    channel.subscribe((state, error) => resolve(error ? `${state}: ${error.message}` : state)),
  );
}

async function auth() {
  const { supabase, email, id } = await member("ann");
  const events = [];
  supabase.auth.onAuthStateChange((event) => events.push(event));
  const nick = data(await supabase.auth.getUser()).user.user_metadata.nick;
  const again = told(await client().auth.signUp({ email, password: PASSWORD }));
  const weak = told(await client().auth.signUp({ email: `w-${email}`, password: "x" }));
  const wrong = told(await client().auth.signInWithPassword({ email, password: "wrong" }));
  const other = client();
  const { session } = data(await other.auth.signInWithPassword({ email, password: PASSWORD }));
  const refreshed = data(await other.auth.refreshSession()).session;
  const claims = data(await other.auth.getClaims()).claims;
  const updated = data(await other.auth.updateUser({ data: { nick: "anna" }, password: `${PASSWORD}!` })).user;
  const old = told(await client().auth.signInWithPassword({ email, password: PASSWORD }));
  const signedOut = told(await other.auth.signOut({ scope: "global" }));
  const ended = told(await supabase.auth.refreshSession());
  const gone = told(await other.auth.getUser());
  const anonymous = await client().auth.signInAnonymously();
  if (anonymous.data.user) made.push(anonymous.data.user.id);
  const listed = data(await admin.auth.admin.listUsers({ perPage: 1000 })).users.some((user) => user.id === id);
  return {
    nick, again, weak, wrong, old, signedOut, ended, gone, listed,
    rotated: refreshed.refresh_token !== session.refresh_token,
    sub: claims.sub === id,
    updated: updated.user_metadata.nick,
    anonymous: anonymous.data.user?.is_anonymous ?? told(anonymous),
    heard: events.includes("INITIAL_SESSION"),
  };
}

async function rest() {
  const { supabase, id } = await member("ben");
  const stranger = (await member("eve")).supabase;
  const lists = () => supabase.from("js_lists");
  const items = () => supabase.from("js_items");
  const list = data(await lists().insert({ name: "one" }).select().single());
  const upserted = data(
    await lists().upsert([{ name: "one" }, { name: "two" }], { onConflict: "name" }).select("name").order("name"),
  );
  const ignored = data(
    await lists().upsert({ name: "two" }, { onConflict: "name", ignoreDuplicates: true }).select("name"),
  );
  const bulk = data(
    await items().insert(["a", "b", "c"].map((body) => ({ body, list_id: list.id }))).select("body, owner"),
  );
  const counted = await items().select("*", { count: "exact", head: true });
  const page = await items().select("body", { count: "exact" }).order("body", { ascending: false }).range(0, 1);
  const embedded = data(await lists().select("name, js_items!inner(body)").eq("js_items.body", "b"));
  const spread = data(await items().select("body, ...js_lists(list:name)").or("body.eq.a,body.like.c*").order("body"));
  const updated = data(await items().update({ body: "z" }).eq("body", "c").select("body").single());
  const none = data(await items().select().eq("body", "nothing").maybeSingle());
  const single = told(await items().select().single());
  const csv = data(await items().select("body").order("body").csv());
  const sum = data(await supabase.rpc("js_add", { a: 1 }));
  const get = data(await supabase.rpc("js_add", { a: 1, b: 2 }, { get: true }));
  const rows = data(await supabase.rpc("js_lists_like", { pattern: "t%" }).select("name").limit(1));
  const unique = told(await lists().insert({ name: "one" }));
  const missing = told(await supabase.from("js_nothing").select());
  const hidden = data(await stranger.from("js_items").select());
  const forged = told(await stranger.from("js_items").insert({ body: "x", list_id: list.id, owner: id }));
  const anonymous = told(await client().from("js_items").select());
  const removed = data(await items().delete().in("body", ["a", "b"]).select("body").order("body"));
  return {
    upserted, ignored, embedded, spread, updated, none, single, csv, sum, get, rows, unique, missing, hidden, forged,
    anonymous, removed,
    bulk: bulk.map((row) => [row.body, row.owner === id]),
    count: counted.count,
    page: [page.data, page.count, page.status],
  };
}

async function storage() {
  const { supabase, id } = await member("cay");
  const stranger = (await member("eve")).supabase;
  const bucket = supabase.storage.from("js");
  const path = (name) => `${id}/${name}`;
  const uploaded = data(await bucket.upload(path("a.txt"), "hello", { contentType: "text/plain" }));
  const twice = told(await bucket.upload(path("a.txt"), "again"));
  data(await bucket.upload(path("a.txt"), Buffer.from("hello!"), { contentType: "text/plain", upsert: true }));
  const blob = data(await bucket.download(path("a.txt")));
  const { signedUrl } = data(await bucket.createSignedUrl(path("a.txt"), 60));
  const signed = await fetch(signedUrl);
  const tampered = await fetch(signedUrl.slice(0, -4));
  const ticket = data(await bucket.createSignedUploadUrl(path("b.txt")));
  data(await client().storage.from("js").uploadToSignedUrl(ticket.path, ticket.token, "by ticket", { contentType: "text/plain" }));
  data(await bucket.copy(path("a.txt"), path("c.txt")));
  data(await bucket.move(path("c.txt"), path("sub/d.txt")));
  const info = data(await bucket.info(path("sub/d.txt")));
  const listed = data(await bucket.list(id, { sortBy: { column: "name", order: "desc" } }));
  const found = data(await bucket.list(id, { search: "b" }));
  const hidden = told(await stranger.storage.from("js").download(path("a.txt")));
  const forged = told(await stranger.storage.from("js").upload(path("x.txt"), "x"));
  const removed = data(await bucket.remove(["a.txt", "b.txt", "sub/d.txt"].map(path)));
  const gone = told(await bucket.download(path("a.txt")));
  return {
    twice, hidden, forged, gone,
    path: uploaded.path === path("a.txt"),
    downloaded: [await blob.text(), blob.type],
    signed: [signed.status, await signed.text()],
    tampered: tampered.status,
    size: info.size,
    listed: listed.map((file) => [file.name, file.metadata?.size ?? null]),
    found: found.map((file) => file.name),
    removed: removed.length,
  };
}

async function realtime() {
  const dan = await member("dan");
  const eve = await member("eve");
  const room = (person, name, config) => person.supabase.channel(name, { config: { private: true, ...config } });

  const heardByDan = queue();
  const heardByEve = queue();
  const config = { broadcast: { self: true, ack: true }, presence: { key: "dan" } };
  const dans = room(dan, "js:open:1", config).on("broadcast", { event: "*" }, heardByDan.push);
  const eves = room(eve, "js:open:1", { presence: { key: "eve" } }).on("broadcast", { event: "*" }, heardByEve.push);
  const present = queue();
  const left = queue();
  eves.on("presence", { event: "join" }, ({ key, newPresences }) => present.push([key, newPresences[0].mood]));
  eves.on("presence", { event: "leave" }, ({ key }) => left.push(key));
  doing = "join";
  const states = [await subscribed(dans), await subscribed(eves)];

  doing = "broadcast";
  const acked = await dans.send({ type: "broadcast", event: "wave", payload: { n: 1 } });
  const self = (await heardByDan.take()).payload;
  const others = (await heardByEve.take()).payload;
  await eves.send({ type: "broadcast", event: "back", payload: { n: 2 } });
  const back = [(await heardByDan.take()).event, heardByEve.waiting];
  doing = "broadcast by HTTP";
  const posted = await eves.httpSend("posted", { n: 3 });
  const byHttp = [posted.success, (await heardByDan.take()).payload.n];

  doing = "refusal";
  const refused = await subscribed(room(eve, "js:closed"));

  doing = "presence join";
  const tracked = await dans.track({ mood: "calm" });
  let joined = await present.take();
  while (joined[0] !== "dan") joined = await present.take();
  const state = Object.entries(eves.presenceState()).map(([key, metas]) => [key, metas.length]);
  doing = "presence leave";
  await dans.untrack();
  const leaving = await left.take();

  const list = data(await dan.supabase.from("js_lists").insert({ name: `rt-${dan.id}` }).select().single());
  const rows = () => dan.supabase.from("js_items");
  const first = data(await rows().insert({ body: "first", list_id: list.id }).select().single());
  const changes = queue();
  const foreign = queue();
  const live = queue();
  const table = { schema: "public", table: "js_items" };
  const watching = dan.supabase
    .channel("rows")
    .on("postgres_changes", { event: "*", ...table, filter: `id=gt.${first.id}` }, (change) =>
      changes.push([change.eventType, change.new.body ?? null, change.old.id !== undefined]),
    )
    .on("system", {}, live.push);
  const others2 = eve.supabase
    .channel("rows")
    .on("postgres_changes", { event: "INSERT", ...table }, (change) => foreign.push(change.new.body))
    .on("system", {}, live.push);
  doing = "subscription";
  states.push(await subscribed(watching), await subscribed(others2));
  const ready = [(await live.take()).status, (await live.take()).status];
  doing = "row changes";
  data(await rows().update({ body: "passed over" }).eq("id", first.id));
  const seen = []; // one by one: of a row that is gone, only its end is told
  data(await rows().insert({ body: "seen", list_id: list.id }));
  seen.push(await changes.take());
  data(await rows().update({ body: "more" }).eq("body", "seen"));
  seen.push(await changes.take());
  data(await rows().delete().eq("body", "more"));
  seen.push(await changes.take());
  data(await eve.supabase.from("js_items").insert({ body: "mine", list_id: list.id }));
  const mine = await foreign.take(); // hers comes first: none of the other's rows did

  doing = "database broadcast";
  data(await dan.supabase.rpc("js_tell", { topic: "js:open:1", word: "from SQL" }));
  let message = await heardByEve.take();
  while (message.event !== "told") message = await heardByEve.take();
  const gone = await dans.unsubscribe();
  return {
    states, acked, self, others, back, byHttp, refused, tracked, joined, state, leaving, ready, seen, mine, gone,
    word: message.payload.word,
  };
}

const parts = { auth, rest, storage, realtime };
setTimeout(() => {
  console.error(`nothing more happens: ${doing}`);
  process.exit(2);
}, PATIENCE_MS).unref();
try {
  console.log(JSON.stringify(await parts[part]()));
} finally {
  await admin.from("js_items").delete().gte("id", 0);
  await admin.from("js_lists").delete().gte("id", 0);
  for (const id of made) await admin.auth.admin.deleteUser(id);
}
process.exit(0);
