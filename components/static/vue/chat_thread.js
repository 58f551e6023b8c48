// The part that scrolls. Its content runs from the bottom up (column-reverse), so that 0 is the end of what is shown. Pages come and
// go at both ends: what one looks at stays where it is, whatever the browser makes of it, unless one stands at the newest message.
const NEAR_PX = 40;
const AHEAD_PX = 900;
const PAUSE_MS = 250;

export default {
  template: `<div class="thread__scroll" role="log" aria-label="Messages" tabindex="-1" @scroll.passive="scrolled"><slot></slot></div>`,
  props: { end: { type: Boolean, default: true } },
  emits: ["place", "older", "newer"],
  data: () => ({ bottom: true, lower: true, visible: document.visibilityState === "visible" }),
  mounted() {
    this.asked = { older: 0, newer: 0 };
    this.seen = () => {
      this.visible = document.visibilityState === "visible";
      this.say();
    };
    document.addEventListener("visibilitychange", this.seen);
    this.changed = new MutationObserver(() => (this.keep(), this.look()));
    this.changed.observe(this.$el, { childList: true, subtree: true });
    this.sized = new ResizeObserver(() => this.keep()); // a picture, a font, words that were edited
    for (const part of [this.$el, ...this.$el.children]) this.sized.observe(part);
    this.hold();
    this.say();
  },
  unmounted() {
    document.removeEventListener("visibilitychange", this.seen);
    this.changed.disconnect();
    this.sized.disconnect();
    clearTimeout(this.later);
  },
  watch: {
    end() {
      this.$nextTick(() => this.look());
    },
  },
  methods: {
    say() {
      this.$emit("place", { bottom: this.bottom, lower: this.lower, visible: this.visible });
    },
    scrolled() {
      this.hold();
      this.look();
    },
    // Remembers which message stands where: the uppermost that begins below the first third, for above it a day may begin no more.
    hold() {
      const el = this.$el;
      const messages = el.querySelector(".thread__list")?.children ?? [];
      const top = el.getBoundingClientRect().top;
      let [low, high] = [0, messages.length]; // from the newest, which is the lowest
      while (low < high) {
        const middle = (low + high) >> 1;
        if (messages[middle].getBoundingClientRect().top >= top + el.clientHeight / 3) low = middle + 1;
        else high = middle;
      }
      const message = messages[Math.max(0, low - 1)];
      this.held = message && { message, top: message.getBoundingClientRect().top - top, at: el.scrollTop };
    },
    // Puts it back there; what the reader has scrolled since counts.
    keep() {
      const el = this.$el;
      if (!(this.bottom && this.end) && this.held?.message.isConnected) {
        const { message, top, at } = this.held;
        const scrolled = at < el.clientHeight - el.scrollHeight ? 0 : el.scrollTop - at; // so far up there is nothing any more
        const moved = message.getBoundingClientRect().top - el.getBoundingClientRect().top - top + scrolled;
        if (Math.abs(moved) >= 0.5) el.scrollTop += moved;
      }
      this.hold();
    },
    look() {
      const el = this.$el;
      const below = Math.abs(el.scrollTop);
      const above = el.scrollHeight - el.clientHeight - below;
      const bottom = this.end && below < NEAR_PX;
      const lower = below <= above;
      if (bottom !== this.bottom || lower !== this.lower) {
        [this.bottom, this.lower] = [bottom, lower];
        this.say();
      }
      clearTimeout(this.later);
      if (above < AHEAD_PX) this.ask("older");
      if (below < AHEAD_PX && !this.end) this.ask("newer");
    },
    ask(way) {
      const rest = this.asked[way] + PAUSE_MS - Date.now();
      if (rest > 0) return (this.later = setTimeout(() => this.look(), rest));
      this.asked[way] = Date.now();
      this.$emit(way);
    },
    down() {
      this.held = null;
      this.$el.scrollTo({ top: 0, behavior: "instant" });
      this.look();
    },
    show(id, tries = 20) {
      const message = this.$el.querySelector(`[data-id="${CSS.escape(id)}"]`);
      if (!message) return tries && setTimeout(() => this.show(id, tries - 1), 50);
      message.scrollIntoView({ block: "center", behavior: "instant" });
      this.hold();
      message.classList.remove("msg--found");
      void message.offsetWidth;
      message.classList.add("msg--found");
      message.focus({ preventScroll: true });
    },
  },
};
