// Opens beside whatever names a person (see components/profile_card.py).
const POINT_MS = 350; // pointing at somebody in passing opens nothing
const LEAVE_MS = 220; // time to move from the name to the card
const GAP_PX = 8;

export default {
  template: `
    <div ref="card" class="person-card" role="dialog" aria-label="About this person" v-show="shown" @pointerenter="stay" @pointerleave="soonAway" @focusout="left">
      <slot></slot>
    </div>
  `,
  props: { person: String },
  emits: ["ask", "closed"],
  data: () => ({ wanted: "", anchor: null }),
  computed: {
    shown() {
      return this.wanted !== "" && this.wanted === this.person;
    },
  },
  watch: {
    shown(shown) {
      if (shown) this.$nextTick(this.place);
    },
  },
  mounted() {
    this.listeners = {
      pointerover: (event) => event.pointerType === "mouse" && this.point(event),
      pointerout: (event) => event.target.closest?.("[data-person]") && this.soonAway(),
      focusin: (event) => event.target.matches?.("a[data-person]:focus-visible") && this.open(event.target, POINT_MS),
      focusout: this.left,
      click: this.click,
      keydown: (event) => event.key === "Escape" && this.close(),
    };
    for (const [name, listener] of Object.entries(this.listeners)) document.addEventListener(name, listener, true);
    window.addEventListener("scroll", this.scrolled, { passive: true, capture: true });
  },
  unmounted() {
    for (const [name, listener] of Object.entries(this.listeners)) document.removeEventListener(name, listener, true);
    window.removeEventListener("scroll", this.scrolled, { capture: true });
    clearTimeout(this.timer);
  },
  methods: {
    point(event) {
      const anchor = event.target.closest?.("[data-person]");
      if (anchor) this.open(anchor, POINT_MS);
    },
    click(event) {
      const anchor = event.target.closest?.("[data-person]");
      if (anchor && !anchor.closest("a, button")) this.open(anchor, 0);
      else if (!this.$refs.card.contains(event.target)) this.close();
    },
    open(anchor, after) {
      clearTimeout(this.timer);
      if (anchor === this.anchor && this.wanted) return;
      this.timer = setTimeout(() => {
        if (!anchor.isConnected) return;
        this.anchor = anchor;
        this.wanted = anchor.dataset.person;
        if (this.shown) this.place();
        else this.$emit("ask", this.wanted);
      }, after);
    },
    stay() {
      clearTimeout(this.timer);
    },
    soonAway() {
      clearTimeout(this.timer);
      this.timer = setTimeout(this.close, LEAVE_MS);
    },
    left(event) {
      const to = event.relatedTarget;
      if (this.shown && to && !this.$refs.card.contains(to) && to !== this.anchor) this.close();
    },
    scrolled(event) {
      if (this.wanted && !this.$refs.card.contains(event.target)) this.close();
    },
    close() {
      clearTimeout(this.timer);
      if (!this.wanted) return;
      this.wanted = "";
      this.anchor = null;
      this.$emit("closed");
    },
    // Below the name, or above it where there is more room; never over the edge.
    place() {
      const card = this.$refs.card;
      const at = this.anchor?.getBoundingClientRect();
      if (!at) return;
      const below = at.bottom + GAP_PX + card.offsetHeight < innerHeight || at.top < innerHeight / 2;
      card.style.top = `${below ? at.bottom + GAP_PX : at.top - GAP_PX - card.offsetHeight}px`;
      card.style.left = `${Math.max(12, Math.min(at.left - 12, innerWidth - card.offsetWidth - 12))}px`;
    },
  },
};
