// Facts in rows; ages and countdowns tick here. See components/fact_table.py.
const span = (seconds) => {
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return seconds < 86400 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86400)} d`;
};

export default {
  template: `
    <div class="facts" role="region" :aria-label="name" tabindex="0">
      <table v-if="held.length">
        <thead><tr>
          <th v-for="c in shown" scope="col" :class="classes(c)" :title="c.hint || null">{{ c.title }}</th>
        </tr></thead>
        <tbody>
          <tr v-for="row in held" :key="row.id">
            <td v-for="c in shown" :class="classes(c)">
              <span v-if="c.kind === 'badge' && row[c.key] !== null" class="facts__badge" :class="'tone-' + (c.tones[row[c.key]] ?? '')">
                <i class="dot" aria-hidden="true"></i>{{ row[c.key] }}
              </span>
              <template v-else>{{ say(c, row[c.key]) }}</template>
              <span v-if="c.under && row[c.under]" class="facts__under meta">{{ row[c.under] }}</span>
            </td>
          </tr>
        </tbody>
      </table>
      <p v-else class="facts__empty">{{ empty }}</p>
    </div>
  `,
  props: { name: String, columns: Array, rows: Array, now: Number, empty: String },
  data() {
    return { held: this.rows, ahead: this.now - Date.now() / 1000, moment: this.now };
  },
  computed: {
    shown() {
      return this.columns.filter((c) => !c.spare || this.held.some((row) => row[c.key] !== null));
    },
  },
  watch: {
    rows(rows) {
      this.held = rows;
    },
    now(now) {
      this.hear(now);
    },
  },
  mounted() {
    this.ticking = setInterval(() => document.hidden || (this.moment = Date.now() / 1000 + this.ahead), 1000);
  },
  unmounted() {
    clearInterval(this.ticking);
  },
  methods: {
    hear(now) {
      this.ahead = now - Date.now() / 1000;
      this.moment = now;
    },
    patch(patches, now) {
      this.held = this.held.map((row) => (patches[row.id] ? { ...row, ...patches[row.id] } : row));
      this.hear(now);
    },
    classes: (c) => ({ "facts__number": c.kind === "number" || c.kind === "age" || c.kind === "due", "facts__wide": c.wide }),
    say(c, value) {
      if (value === null || value === undefined) return "–";
      if (c.kind === "age") return this.moment - value < 1.5 ? "now" : `${span(this.moment - value)} ago`;
      if (c.kind === "due") return value - this.moment < 1 ? "now" : `in ${span(value - this.moment)}`;
      return typeof value === "number" ? value.toLocaleString("en") : value;
    },
  },
};
