// Prices as cards or as a strip; a tick changes what moved, in one go. See components/price_board.py.
const FLASH_MS = 420;

const formats = new Map();
const format = (places) => {
  if (!formats.has(places)) {
    formats.set(places, new Intl.NumberFormat("en-US", { minimumFractionDigits: places, maximumFractionDigits: places }));
  }
  return formats.get(places);
};
const compact = new Intl.NumberFormat("en-US", { notation: "compact", maximumSignificantDigits: 3 });
const places = (price) => {
  if (price >= 100 || price <= 0) return 2;
  return price >= 1 ? 4 : Math.min(12, 3 - Math.floor(Math.log10(price)));
};
const dollars = (price) => "$" + format(places(price)).format(price);
const rounded = (number) => Number(number.toFixed(2)); // nothing that is written as zero has a minus or a colour
const percent = (number) => (rounded(number) < 0 ? "−" : "+") + format(2).format(Math.abs(number)) + " %";
const tone = (number) => (rounded(number) < 0 ? "price--down" : rounded(number) > 0 ? "price--up" : "");

const slope = (line) => (line.length < 2 || line[0] === line.at(-1) ? "" : line[0] < line.at(-1) ? "price__line--up" : "price__line--down");

// The last hour in a box of 100 × 30: stretched by the browser, the stroke stays as it is.
const points = (line) => {
  if (line.length < 2) return "";
  const low = Math.min(...line);
  const span = Math.max(...line) - low || 1;
  return line.map((close, n) => `${((n / (line.length - 1)) * 100).toFixed(1)},${(28 - ((close - low) / span) * 26).toFixed(1)}`).join(" ");
};

const shown = (row) => Vue.shallowReactive({ ...row, points: points(row.line), flash: "", beat: 0 });

export default {
  template: `
    <ul :class="['prices', 'prices--' + layout, { 'prices--still': still }]" :aria-label="name"
        data-drop="prices" data-takes="price" data-axis="x" @pointerdown="drag">
      <li v-for="row in held" :key="row.symbol"
          :class="['price', tone(row.percent), { 'price--card': layout === 'cards', 'price--chosen': row.symbol === chosen }]"
          v-memo="[row.beat, chosen === row.symbol, watched.includes(row.symbol), stars, movable]"
          data-kind="price" :data-item="row.symbol" :data-movable="movable || null">
        <button type="button" class="price__open" :aria-keyshortcuts="movable ? 'Shift+ArrowLeft Shift+ArrowRight' : null" @keydown="step($event, row.symbol)" :aria-pressed="layout === 'cards' ? String(row.symbol === chosen) : null"
                @click="$emit('choose', row.symbol)">
          <span class="price__who"><b class="price__symbol">{{ row.symbol }}</b><span v-if="layout === 'cards'" class="price__name truncate-1">{{ row.name }}</span><span v-if="row.simulated" class="badge">simulated</span></span>
          <span class="price__now num" :class="row.flash">{{ dollars(row.price) }}</span>
          <span class="price__change num">{{ percent(row.percent) }}</span>
          <template v-if="layout === 'cards'">
            <svg :class="['price__line', slope(row.line)]" viewBox="0 0 100 30" preserveAspectRatio="none" aria-hidden="true">
              <polyline v-if="row.points" :points="row.points" vector-effect="non-scaling-stroke" />
            </svg>
            <span class="price__facts meta"><span>Vol {{ short(row.volume) }}</span><span>Cap {{ short(row.cap) }}</span></span>
          </template>
        </button>
        <button v-if="stars" type="button" class="icon-button material-symbols-rounded price__star" :class="{ 'price__star--on': watched.includes(row.symbol) }"
                data-still :aria-pressed="String(watched.includes(row.symbol))" :aria-label="'Watch ' + row.symbol" :title="watched.includes(row.symbol) ? 'Watched' : 'Watch'"
                @click="$emit('watch', row.symbol)">star</button>
      </li>
      <li v-if="still && layout === 'strip'" class="prices__still meta"><i class="dot tone-wait" aria-hidden="true"></i>{{ still }}</li>
    </ul>
  `,
  props: { name: String, layout: String, stars: Boolean, movable: Boolean, still: String, chosen: String, watched: Array, rows: Array },
  emits: ["choose", "watch", "move"],
  data() {
    return { held: Vue.shallowReactive(this.rows.map(shown)) };
  },
  watch: {
    rows(rows) {
      const old = new Map(this.held.map((row) => [row.symbol, row]));
      this.held = Vue.shallowReactive(
        rows.map((row) => {
          const now = shown(row);
          now.beat = (old.get(row.symbol)?.beat ?? 0) + 1;
          return now;
        }),
      );
      if (!this.focusing) return;
      const symbol = this.focusing;
      this.focusing = "";
      this.$nextTick(() => this.$el.querySelector(`[data-item="${CSS.escape(symbol)}"] .price__open`)?.focus());
    },
  },
  unmounted() {
    clearTimeout(this.fading);
  },
  methods: {
    // One's own order: by dragging, or with Shift and an arrow.
    drag(event) {
      window.starling.dragCard(event, ({ does, item, before }) => {
        const others = this.held.map((row) => row.symbol).filter((symbol) => symbol !== item);
        if (does === "drop") this.move(item, before ? others.indexOf(before) : others.length);
      });
    },
    step(event, symbol) {
      const by = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
      if (!by || !event.shiftKey || !this.movable) return;
      event.preventDefault();
      if (this.move(symbol, this.held.findIndex((row) => row.symbol === symbol) + by)) this.focusing = symbol;
    },
    move(symbol, place) {
      const there = this.held[place]?.symbol;
      if (!there || there === symbol) return false;
      this.$emit("move", { symbol, place });
      return true;
    },
    tick(moved) {
      const rows = new Map(this.held.map((row) => [row.symbol, row]));
      for (const [symbol, price, change, percentage] of moved) {
        const row = rows.get(symbol);
        if (!row) continue;
        if (price !== row.price) row.flash = price > row.price ? "price__now--up" : "price__now--down";
        row.price = price;
        row.change = change;
        row.percent = percentage;
        row.beat += 1;
      }
      clearTimeout(this.fading);
      this.fading = setTimeout(this.fade, FLASH_MS);
    },
    fade() {
      for (const row of this.held) {
        if (!row.flash) continue;
        row.flash = "";
        row.beat += 1;
      }
    },
    dollars,
    percent,
    tone,
    slope,
    short: (number) => (number === null ? "–" : "$" + compact.format(number)),
  },
};
