// One message. What people wrote comes as a tree of known parts (message_text.py) and becomes text nodes: no HTML of theirs is ever parsed.
const { h } = Vue;
const SAFE = /^(https?:\/\/|mailto:)/i;
const TAGS = { b: "strong", i: "em", s: "del", p: "p", quote: "blockquote", li: "li", ul: "ul", ol: "ol" };

const draw = (part) => {
  if (typeof part === "string") return part;
  const [kind, ...rest] = part;
  if (kind === "code") return h("code", { class: "mono" }, String(rest[0]));
  if (kind === "pre") return h("pre", {}, h("code", { class: "mono" }, String(rest[0])));
  if (kind === "br") return h("br");
  if (kind === "at") return h("span", { class: ["mention", rest[1] && "mention--me"] }, "@" + rest[0]);
  if (kind === "a") {
    if (!SAFE.test(rest[0])) return h("span", rest[1].map(draw));
    return h("a", { href: rest[0], target: "_blank", rel: "noopener noreferrer nofollow" }, rest[1].map(draw));
  }
  return h(TAGS[kind] ?? "span", rest[0].map(draw));
};
const Words = (props) => h("div", { class: "msg__text" }, props.parts.map(draw));
Words.props = ["parts"];

// What the assistant did. All of it is text.
const Action = {
  props: { a: Object, picture: Boolean },
  template: `
    <div class="act" :class="'act--' + a.kind">
      <template v-if="a.kind === 'imagine'">
        <p class="act__prompt">{{ a.prompt }}</p>
        <div v-if="a.busy || (a.done && !picture)" class="act__frame" role="progressbar" aria-label="Picture" :aria-valuenow="a.percent">
          <span class="act__bar"><i :style="{ width: a.percent + '%' }"></i></span><span class="meta">{{ a.words }}<template v-if="a.percent"> · <span class="num">{{ a.percent }} %</span></template></span>
        </div>
        <p v-else-if="!a.done" class="act__trouble tone-fail">{{ a.words }}<template v-if="a.trouble && a.trouble !== a.words">: {{ a.trouble }}</template></p>
      </template>
      <template v-else-if="a.kind === 'price'">
        <span class="act__of"><b class="strong">{{ a.symbol }}</b> <span class="meta">{{ a.label }}</span></span>
        <span class="act__big num">{{ a.price }}</span>
        <span class="num" :class="a.up ? 'tone-live' : 'tone-fail'">{{ a.change }} <span class="meta">in a day</span></span>
        <span v-if="a.simulated" class="meta">Simulated</span>
      </template>
      <template v-else-if="a.kind === 'balance'">
        <span class="meta">Credits</span>
        <span v-if="a.mine" class="act__big num">{{ a.amount }}</span>
        <span class="meta act__lock"><i class="material-symbols-rounded" aria-hidden="true">lock</i>{{ a.words }}</span>
      </template>
      <dl v-else class="act__help"><template v-for="[example, does] in a.commands" :key="example"><dt class="mono">{{ example }}</dt><dd>{{ does }}</dd></template></dl>
    </div>`,
};

const dayOf = (iso) => new Date(iso).toDateString();
const size = (bytes) => (bytes > 1e6 ? (bytes / 1e6).toFixed(1) + " MB" : Math.max(1, Math.round(bytes / 1e3)) + " KB");

export default {
  components: { Words, Action },
  template: `
    <li :data-id="m.id" class="msg" tabindex="0" :class="classes" @mouseenter="active = true" @mouseleave="leave" @focusin="active = true" @focusout="blur" @keydown="key">
      <div v-if="newDay" class="msg__day" role="separator"><span>{{ day }}</span></div>
      <div v-if="m.fresh" class="msg__fresh" role="separator"><span>New</span></div>
      <div v-if="m.role === 'system'" class="msg__event"><span>{{ m.event }}</span><time class="meta" :title="full">{{ clock }}</time></div>
      <template v-else>
        <div class="msg__side">
          <span v-if="head" class="avatar" :style="{ background: m.colour, color: m.ink }" aria-hidden="true">{{ m.initials }}</span>
          <time v-else class="msg__when meta" :title="full">{{ clock }}</time>
        </div>
        <div class="msg__main">
          <div v-if="head" class="msg__head">
            <b class="strong">{{ m.name }}</b><span v-if="m.badge" class="badge">{{ m.badge }}</span><time class="meta" :title="full">{{ clock }}</time>
          </div>
          <button v-if="m.quote" type="button" class="msg__quote" @click="act('jump', m.quote.id)">
            <b>{{ m.quote.name }}</b> <span>{{ m.quote.text }}</span>
          </button>
          <p v-if="m.deleted" class="msg__gone">This message was deleted</p>
          <template v-else>
            <Action v-if="m.action" :a="m.action" :picture="m.files.length > 0" />
            <div v-else-if="m.card" class="msg__card"><i class="material-symbols-rounded" aria-hidden="true">bolt</i><Words :parts="m.body" /></div>
            <Words v-else-if="words_of.length" :parts="words_of" :class="{ 'msg__text--live': m.live }" :aria-busy="m.live || null" />
            <p v-else-if="m.live" class="msg__thinking" role="status"><span class="typing-dots" aria-hidden="true"><i></i><i></i><i></i></span><span class="sr-only">The assistant is answering</span></p>
            <div v-if="m.files.length" class="msg__files">
              <template v-for="file in m.files" :key="file.path">
                <a v-if="file.kind === 'image'" class="msg__image" :href="file.url" target="_blank" rel="noopener noreferrer" :style="frame(file)" :aria-label="file.name">
                  <img v-if="file.url" :src="file.url" :alt="file.name" loading="lazy" decoding="async" @error="act('stale', file.path)">
                </a>
                <div v-else-if="file.kind === 'audio'" class="msg__voice">
                  <i class="material-symbols-rounded" aria-hidden="true">mic</i>
                  <audio v-if="file.url" controls preload="none" :src="file.url" :aria-label="file.name"></audio>
                  <span v-if="file.seconds" class="meta num">{{ length(file.seconds) }}</span>
                </div>
                <a v-else class="msg__file" :href="file.url" target="_blank" rel="noopener noreferrer" :download="file.name">
                  <i class="material-symbols-rounded" aria-hidden="true">draft</i><span class="truncate-1">{{ file.name }}</span><span class="meta">{{ bytes(file.size) }}</span>
                </a>
              </template>
            </div>
          </template>
          <div v-if="m.role === 'assistant' && !m.deleted && (m.live || m.trouble || m.stopped)" class="msg__answer" :class="{ 'tone-fail': m.trouble }" role="status">
            <span v-if="m.trouble">{{ m.trouble }}</span><span v-else-if="m.stopped">Stopped</span>
            <button v-if="m.live" type="button" :disabled="m.stopping" @click="act('stop')"><i class="material-symbols-rounded" aria-hidden="true">stop</i>{{ m.stopping ? "Stopping" : "Stop" }}</button>
            <button v-else-if="m.again" type="button" @click="act('again')"><i class="material-symbols-rounded" aria-hidden="true">refresh</i>Try again</button>
          </div>
          <div v-if="m.state" class="msg__state" :class="'tone-' + (m.state === 'failed' ? 'fail' : 'wait')" role="status">
            <span>{{ words }}</span>
            <template v-if="m.state !== 'sending'">
              <button v-if="m.state === 'failed'" type="button" @click="act('retry')">Retry</button><button type="button" @click="act('discard')">Discard</button>
            </template>
          </div>
          <button v-if="m.replies" type="button" class="msg__replies" @click="act('thread')"><i class="material-symbols-rounded" aria-hidden="true">forum</i>{{ m.replies }} {{ m.replies === 1 ? "reply" : "replies" }}</button>
          <div v-if="m.reactions.length" class="msg__reactions">
            <button v-for="r in m.reactions" :key="r.emoji" type="button" class="reaction" :class="{ 'reaction--mine': r.mine }" :title="r.names" :aria-label="r.emoji + ', ' + r.names" :aria-pressed="r.mine" @click="act('react', r.emoji)">
              <span>{{ r.emoji }}</span><span class="num">{{ r.count }}</span>
            </button>
          </div>
        </div>
        <div v-if="m.seen.length" class="msg__seen" :title="'Read by ' + m.seen.map((s) => s.name).join(', ')">
          <span class="sr-only">Read by {{ m.seen.map((s) => s.name).join(", ") }}</span>
          <span v-for="s in m.seen.slice(0, 4)" :key="s.name" class="avatar avatar--tiny" :style="{ background: s.colour, color: s.ink }" aria-hidden="true">{{ s.initials }}</span>
          <span v-if="m.seen.length > 4" class="meta num">+{{ m.seen.length - 4 }}</span>
        </div>
        <div v-if="(active || menu) && m.open" class="msg__tools" role="toolbar" aria-label="What to do with this message">
          <button v-for="e in m.quick" :key="e" type="button" class="msg__emoji" :aria-label="'React with ' + e" @click="act('react', e)">{{ e }}</button>
          <button type="button" class="icon-button material-symbols-rounded" title="Another reaction" aria-label="Another reaction">add_reaction
            <q-menu v-model="menu" class="emoji-menu"><div class="emoji-grid"><button v-for="e in emoji()" :key="e" v-close-popup type="button" :aria-label="e" @click="act('react', e)">{{ e }}</button></div></q-menu>
          </button>
          <button v-if="m.again" type="button" class="icon-button material-symbols-rounded" title="Answer anew" aria-label="Answer anew" @click="act('again')">refresh</button>
          <button type="button" class="icon-button material-symbols-rounded" title="Reply" aria-label="Reply" @click="act('reply')">reply</button>
          <button type="button" class="icon-button material-symbols-rounded" title="Reply in a thread" aria-label="Reply in a thread" @click="act('thread')">forum</button>
          <button v-if="m.mine && m.body.length" type="button" class="icon-button material-symbols-rounded" title="Edit" aria-label="Edit" @click="act('edit')">edit</button>
          <button v-if="m.erasable" type="button" class="icon-button material-symbols-rounded" title="Delete" aria-label="Delete" @click="act('delete')">delete</button>
        </div>
      </template>
    </li>
  `,
  props: { m: Object },
  emits: ["act"],
  data: () => ({ active: false, menu: false, heard: null }),
  watch: {
    "m.live"() {
      this.heard = null; // the row has it, or it begins anew
    },
  },
  computed: {
    words_of() {
      return this.m.live && this.heard ? this.heard : this.m.body;
    },
    newDay() {
      return !this.m.before || dayOf(this.m.before) !== dayOf(this.m.at);
    },
    head() {
      return this.m.head || this.newDay || this.m.fresh;
    },
    classes() {
      return { "msg--head": this.head, "msg--event": this.m.role === "system", "msg--mine": this.m.mine, "msg--pending": this.m.state === "sending" || this.m.state === "waiting", "msg--failed": this.m.state === "failed", "msg--named": this.m.named };
    },
    clock() {
      return starling.clock(this.m.at) + (this.m.edited ? " · edited" : "");
    },
    full() {
      return new Date(this.m.at).toLocaleString();
    },
    day() {
      const date = new Date(this.m.at);
      const ago = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(this.m.at).setHours(0, 0, 0, 0)) / 864e5);
      if (ago === 0) return "Today";
      if (ago === 1) return "Yesterday";
      return date.toLocaleDateString([], { weekday: "long", day: "numeric", month: "long", year: ago > 300 ? "numeric" : undefined });
    },
    words() {
      if (this.m.state === "failed") return `Not sent: ${this.m.reason}`;
      return this.m.state === "waiting" ? "Waits for the connection" : "Sending";
    },
  },
  methods: {
    hear(parts) {
      this.heard = parts;
    },
    act(name, value = null) {
      this.$emit("act", { name, value });
    },
    bytes: size,
    emoji: () => starling.emoji ?? [],
    length: (s) => `${Math.floor(s / 60)}:${String(Math.round(s % 60)).padStart(2, "0")}`,
    frame: (file) => (file.w && file.h ? { aspectRatio: `${file.w} / ${file.h}`, width: `${Math.min(360, file.w, (280 * file.w) / file.h)}px` } : {}),
    leave() {
      if (!this.$el.contains(document.activeElement)) this.active = false;
    },
    blur(event) {
      if (!this.$el.contains(event.relatedTarget)) this.active = false;
    },
    key(event) {
      if (event.target !== this.$el) return;
      const step = { ArrowUp: "nextElementSibling", ArrowDown: "previousElementSibling" }[event.key]; // newest first in the document
      if (step && this.$el[step]) {
        this.$el[step].focus();
        event.preventDefault();
      }
      if (event.key === "r" && this.m.open) this.act("reply");
    },
  },
};
