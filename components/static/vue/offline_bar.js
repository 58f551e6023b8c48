// Says what is missing, what is shown meanwhile and when the next attempt is. See components/connection_pill.py.
export default {
  template: `
    <div class="offline" :class="{ 'offline--shown': trouble }" aria-live="polite">
      <div v-if="trouble" class="offline__line">
        <q-icon :name="trouble.icon" aria-hidden="true" />
        <span>{{ trouble.text }}<span v-if="trouble.retrying" aria-hidden="true" class="num">; {{ retry }}</span>.</span>
        <q-btn no-caps flat :label="trouble.label" @click="trouble.act" />
      </div>
    </div>
  `,
  props: { status: Object, own: Boolean },
  emits: ["reconnect"],
  data: () => ({ link: { state: "connecting", since: "" }, received: Date.now(), now: Date.now(), lost: null, waits: false }),
  computed: {
    trouble() {
      const { state, since, paused } = this.status;
      const known = "Showing what was last known";
      if (this.link.state === "offline") {
        const text = `Offline since ${starling.clock(this.link.since)}. ${known}; ${this.waits ? "what you asked for is sent when it is back" : "reconnecting to the app"}`;
        return { icon: "sym_r_cloud_off", text, label: "Retry", act: () => starling.link.retry() };
      }
      if (paused) {
        const text = `Disconnected since ${starling.clock(since)}. ${known}`;
        return { icon: "sym_r_link_off", text, label: "Connect", act: () => this.$emit("reconnect") };
      }
      if (state === "unauthorized") {
        const next = encodeURIComponent(location.pathname);
        const act = () => location.assign(`${window.path_prefix ?? ""}/sign-in?next=${next}`);
        return { icon: "sym_r_lock", text: `Signed out since ${starling.clock(since)}. ${known}`, label: "Sign in", act };
      }
      if (state === "offline" || (state === "connecting" && this.lost)) {
        const text = `Offline since ${starling.clock(this.lost ?? since)}. ${known}`;
        return { icon: "sym_r_cloud_off", text, retrying: true, label: "Retry", act: () => this.$emit("reconnect") };
      }
      return null;
    },
    retry() {
      const left = this.status.retryIn === null ? 0 : Math.ceil((this.received + this.status.retryIn - this.now) / 1000);
      return left > 0 ? `retrying in ${left} s` : "retrying now";
    },
  },
  watch: {
    status: {
      immediate: true,
      handler({ state, since }) {
        this.received = this.now = Date.now();
        if (state === "offline") this.lost ??= since; // until it is live again, attempts in between are no news
        else if (state !== "connecting") this.lost = null;
      },
    },
    trouble: {
      immediate: true,
      handler(trouble) {
        clearInterval(this.ticking);
        if (trouble) this.ticking = setInterval(() => (this.now = Date.now()), 1000);
      },
    },
  },
  mounted() {
    this.follow = ({ type } = {}) => {
      this.link = { state: starling.link.state, since: starling.link.since };
      this.waits = type === "waits";
    };
    starling.link.addEventListener("change", this.follow);
    starling.link.addEventListener("waits", this.follow);
    this.follow();
  },
  unmounted() {
    clearInterval(this.ticking);
    starling.link.removeEventListener("change", this.follow);
    starling.link.removeEventListener("waits", this.follow);
  },
};
