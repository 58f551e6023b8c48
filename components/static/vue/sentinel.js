// Says where the reader is: near it, or past it (see sentinel.py).
export default {
  template: `<div aria-hidden="true"></div>`,
  emits: ["near", "past"],
  props: { margin: { type: Number, default: 0 } },
  mounted() {
    this.observer = new IntersectionObserver(
      ([entry]) => {
        if (entry.isIntersecting) this.$emit("near");
        else if (entry.boundingClientRect.bottom < entry.rootBounds.top) this.$emit("past");
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
