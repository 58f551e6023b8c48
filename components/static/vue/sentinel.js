// Says where the reader is: near it, past it, or before it (see sentinel.py).
export default {
  template: `<div aria-hidden="true"></div>`,
  emits: ["near", "past", "before"],
  props: { margin: { type: Number, default: 0 } },
  mounted() {
    this.observer = new IntersectionObserver(
      ([entry]) => {
        if (entry.isIntersecting) this.$emit("near");
        else if (entry.boundingClientRect.bottom < entry.rootBounds.top) this.$emit("past");
        else this.$emit("before");
      },
      { rootMargin: `${this.margin}px` },
    );
    this.observer.observe(this.$el);
  },
  unmounted() {
    this.observer.disconnect();
  },
  methods: {
    again() {
      this.observer.unobserve(this.$el);
      this.observer.observe(this.$el); // an observer always reports once when it begins
    },
  },
};
