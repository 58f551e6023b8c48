// The part that scrolls. Its content runs from the bottom up (column-reverse), so that 0 is the newest message: what comes in
// while one is there pushes up, and what is paged in behind the oldest moves nothing.
const NEAR_PX = 40;
const AHEAD_PX = 900;
const PAUSE_MS = 250;

export default {
  template: `<div class="thread__scroll" role="log" aria-label="Messages" tabindex="-1" @scroll.passive="look"><slot></slot></div>`,
  emits: ["place", "older"],
  data: () => ({ bottom: true, visible: document.visibilityState === "visible", asked: 0 }),
  mounted() {
    this.seen = () => {
      this.visible = document.visibilityState === "visible";
      this.say();
    };
    document.addEventListener("visibilitychange", this.seen);
    this.watch = new MutationObserver(() => this.look());
    this.watch.observe(this.$el, { childList: true, subtree: true });
    this.say();
  },
  unmounted() {
    document.removeEventListener("visibilitychange", this.seen);
    this.watch.disconnect();
    clearTimeout(this.later);
  },
  methods: {
    say() {
      this.$emit("place", { bottom: this.bottom, visible: this.visible });
    },
    look() {
      const el = this.$el;
      const bottom = Math.abs(el.scrollTop) < NEAR_PX;
      if (bottom !== this.bottom) {
        this.bottom = bottom;
        this.say();
      }
      const above = el.scrollHeight - el.clientHeight - Math.abs(el.scrollTop);
      clearTimeout(this.later);
      if (above >= AHEAD_PX) return;
      const rest = this.asked + PAUSE_MS - Date.now();
      if (rest > 0) return (this.later = setTimeout(() => this.look(), rest));
      this.asked = Date.now();
      this.$emit("older");
    },
    down() {
      this.$el.scrollTo({ top: 0, behavior: "instant" });
      this.look();
    },
    show(id, tries = 20) {
      const message = this.$el.querySelector(`[data-id="${CSS.escape(id)}"]`);
      if (!message) return tries && setTimeout(() => this.show(id, tries - 1), 50);
      message.scrollIntoView({ block: "center", behavior: "instant" });
      message.classList.remove("msg--found");
      void message.offsetWidth;
      message.classList.add("msg--found");
      message.focus({ preventScroll: true });
    },
  },
};
