// The way from this browser to the app: only the browser can tell. See components/connection_card.py.
const EVERY_MS = 5000;
const TONES = { live: "live", connecting: "wait", offline: "fail" };

export default {
  template: `
    <section class="card hop-card" aria-label="Browser to app">
      <div class="hop-card__head">
        <h3 class="strong truncate-1">Browser to app</h3>
        <span class="hop-card__state" :class="'tone-' + tone"><i class="dot"></i><span>{{ link.state }}</span></span>
      </div>
      <div class="hop-card__facts">
        <dl class="hop-card__fact"><dt class="meta">Since</dt><dd class="num">{{ since }}</dd></dl>
        <dl class="hop-card__fact"><dt class="meta">Round trip</dt><dd class="num">{{ trip === null ? "–" : trip + " ms" }}</dd></dl>
        <dl class="hop-card__fact"><dt class="meta">By</dt><dd class="num">{{ by }}</dd></dl>
      </div>
      <div class="hop-card__actions">
        <q-btn no-caps flat icon="sym_r_refresh" label="Reconnect" @click="retry" />
      </div>
    </section>
  `,
  data: () => ({ link: { state: "connecting", since: "" }, trip: null, by: "–" }),
  computed: {
    tone() {
      return TONES[this.link.state];
    },
    since() {
      return this.link.since ? starling.clock(this.link.since) : "–";
    },
  },
  mounted() {
    this.follow = () => (this.link = { state: starling.link.state, since: starling.link.since });
    starling.link.addEventListener("change", this.follow);
    this.follow();
    this.measuring = setInterval(this.measure, EVERY_MS);
    this.measure();
  },
  unmounted() {
    clearInterval(this.measuring);
    starling.link.removeEventListener("change", this.follow);
  },
  methods: {
    async measure() {
      if (document.hidden) return;
      this.by = window.socket?.io?.engine?.transport?.name ?? "–";
      const sent = performance.now();
      try {
        await fetch(`${window.path_prefix ?? ""}/healthz`, { cache: "no-store" });
        this.trip = Math.max(1, Math.round(performance.now() - sent));
      } catch {
        this.trip = null;
      }
    },
    retry: () => starling.link.retry(),
  },
};
