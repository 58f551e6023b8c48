export default {
  template: `<div aria-hidden="true"></div>`,
  emits: ["near"],
  props: { margin: { type: Number, default: 800 } },
  mounted() {
    this.observer = new IntersectionObserver(([entry]) => entry.isIntersecting && this.$emit("near"), {
      rootMargin: `${this.margin}px`,
    });
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
