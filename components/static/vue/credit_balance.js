// A number of credits that counts to what it is now, and says for a moment by how much it moved. See components/credit_balance.py.
const COUNT_MS = 700;
const SAY_MS = 2200;
const format = new Intl.NumberFormat("en-US");

export default {
  template: `
    <span class="balance num" :class="'balance--' + size">
      <span class="sr-only">{{ value === null ? "Not known yet" : format(value) + (value === 1 ? " credit" : " credits") }}</span>
      <span class="balance__number" aria-hidden="true">{{ shown === null ? "–" : format(shown) }}</span>
      <span v-if="moved" :key="stamp" class="balance__moved" :class="moved > 0 ? 'balance__moved--up' : 'balance__moved--down'" aria-hidden="true">{{ sign(moved) }}</span>
    </span>
  `,
  props: { value: Number, size: String, animated: Boolean },
  data() {
    return { shown: this.value ?? null, moved: 0, stamp: 0 };
  },
  watch: {
    value(now, before) {
      if (!this.animated || before === null || before === undefined || now === null) this.shown = now ?? null;
      else this.move(now, before);
    },
  },
  unmounted() {
    cancelAnimationFrame(this.frame);
    clearTimeout(this.silence);
  },
  methods: {
    format: (number) => format.format(number),
    sign: (number) => (number > 0 ? "+" : "−") + format.format(Math.abs(number)),
    move(now, before) {
      this.moved += now - before; // what comes while it is still said is added to it
      this.stamp += 1;
      clearTimeout(this.silence);
      this.silence = setTimeout(() => (this.moved = 0), SAY_MS);
      cancelAnimationFrame(this.frame);
      if (document.hidden || matchMedia("(prefers-reduced-motion: reduce)").matches) this.shown = now;
      else this.count(this.shown, now, performance.now());
    },
    count(from, to, since) {
      const step = (moment) => {
        const part = Math.min(1, Math.max(0, (moment - since) / COUNT_MS));
        this.shown = Math.round(from + (to - from) * (1 - (1 - part) ** 3));
        if (part < 1) this.frame = requestAnimationFrame(step);
      };
      this.frame = requestAnimationFrame(step);
    },
  },
};
