// The connection in one word, and both hops with what can be done about them. See components/connection_pill.py.
const WORDS = { unauthorized: "signed out", closed: "offline" };
const TONES = { live: "live", connecting: "wait", degraded: "wait", offline: "fail", "signed out": "fail" };

export default {
  template: `
    <div class="connection" role="status" aria-label="Connection">
      <button type="button" class="pill" :class="'tone-' + tone(word)" aria-haspopup="dialog" :aria-expanded="open ? 'true' : 'false'">
        <i class="dot" :class="{ 'dot--busy': tone(word) === 'wait' }"></i>
        <span class="connection__word">{{ word }}</span>
        <span v-if="word === 'live' && status.roundTrip !== null" class="connection__trip">{{ status.roundTrip }} ms</span>
      </button>
      <q-menu v-model="open" anchor="bottom right" self="top right" :offset="[0, 10]" class="hops menu--header" role="dialog" aria-label="Connection details">
        <div v-for="hop in hops" class="hop">
          <span class="hop__name">{{ hop.name }}</span>
          <span class="hop__state" :class="'tone-' + tone(hop.word)"><i class="dot"></i>{{ hop.word }}</span>
          <span class="meta">since {{ clock(hop.since) }}<template v-for="fact in hop.facts"> · {{ fact }}</template></span>
          <span v-if="hop.error" class="hop__error">{{ hop.error }}</span>
        </div>
        <div v-if="own || word !== 'live'" class="hops__actions">
          <q-btn no-caps flat :icon="status.paused ? 'sym_r_link' : 'sym_r_refresh'" :label="status.paused ? 'Connect' : 'Reconnect'" @click="reconnect" />
          <q-btn v-if="own && !status.paused" no-caps flat icon="sym_r_link_off" label="Disconnect" :disable="link.state !== 'live'" @click="$emit('disconnect')" />
        </div>
      </q-menu>
    </div>
  `,
  props: { status: Object, own: Boolean },
  emits: ["reconnect", "disconnect"],
  data: () => ({ open: false, link: { state: "connecting", since: "" }, received: Date.now(), now: Date.now() }),
  computed: {
    upstream() {
      return this.status.paused ? "offline" : WORDS[this.status.state] ?? this.status.state;
    },
    word() {
      return this.link.state === "live" ? this.upstream : this.link.state;
    },
    hops() {
      return [
        { name: "Browser to app", word: this.link.state, since: this.link.since, facts: [] },
        { name: "App to Supabase", word: this.upstream, since: this.status.since, facts: this.facts, error: this.status.error },
      ];
    },
    facts() {
      const { paused, roundTrip, quality, attempts, retryIn, state } = this.status;
      if (paused) return ["switched off by hand"];
      const facts = [];
      if (quality !== null) facts.push(roundTrip === null ? quality : `${roundTrip} ms round trip, ${quality}`);
      if (state !== "live" && attempts) facts.push(`attempt ${attempts}`);
      if (retryIn !== null) facts.push(`next in ${Math.max(0, Math.ceil((this.received + retryIn - this.now) / 1000))} s`);
      return facts;
    },
  },
  watch: {
    status() {
      this.received = this.now = Date.now();
    },
    open(open) {
      clearInterval(this.ticking);
      if (open) this.ticking = setInterval(() => (this.now = Date.now()), 1000);
    },
  },
  mounted() {
    this.follow = () => (this.link = { state: starling.link.state, since: starling.link.since });
    starling.link.addEventListener("change", this.follow);
    this.follow();
  },
  unmounted() {
    clearInterval(this.ticking);
    starling.link.removeEventListener("change", this.follow);
  },
  methods: {
    tone: (word) => TONES[word],
    clock: (iso) => starling.clock(iso),
    reconnect() {
      if (this.link.state !== "live") starling.link.retry();
      else this.$emit("reconnect");
    },
  },
};
