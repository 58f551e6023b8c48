// Finds and runs commands without asking the server for each letter. See components/command_palette.py.
export default {
  template: `
    <dialog ref="dialog" class="palette" aria-label="Search or jump" @click.self="close" @close="closed">
      <div class="palette__field">
        <q-icon name="sym_r_search" aria-hidden="true" />
        <input ref="input" v-model="query" type="text" role="combobox" aria-label="Search or jump" aria-expanded="true" aria-autocomplete="list"
          :aria-controls="listId" :aria-activedescendant="found.length ? optionId(active) : null" placeholder="Search or jump"
          autocomplete="off" autocapitalize="off" spellcheck="false" @keydown="steer" />
        <kbd class="kbd">Esc</kbd>
      </div>
      <div v-if="open" class="palette__list" role="listbox" :id="listId" aria-label="Commands">
        <template v-for="(row, index) in found" :key="row.command.id">
          <div v-if="!query && row.command.section !== found[index - 1]?.command.section" class="palette__section" role="presentation">{{ row.command.section }}</div>
          <div class="palette__row" role="option" :id="optionId(index)" :aria-selected="index === active ? 'true' : 'false'"
            @mousemove="active = index" @click="run(row.command)">
            <q-icon :name="row.command.icon || 'sym_r_chevron_right'" aria-hidden="true" />
            <span class="palette__title"><template v-for="part in row.parts"><mark v-if="part.hit">{{ part.text }}</mark><template v-else>{{ part.text }}</template></template></span>
            <span v-if="row.command.hint" class="palette__hint">{{ row.command.hint }}</span>
            <span v-if="row.command.keys" class="keys"><kbd v-for="key in caps(row.command.keys)" class="kbd">{{ key }}</kbd></span>
          </div>
        </template>
        <div v-if="!found.length" class="palette__none">Nothing is called “{{ query }}”.</div>
      </div>
    </dialog>
  `,
  props: { commands: Array },
  emits: ["run"],
  data: () => ({ open: false, query: "", active: 0 }),
  computed: {
    listId() {
      return `${this.$attrs.id}-list`;
    },
    found() {
      const query = this.query.trim().toLowerCase();
      const rows = this.commands.map((command) => ({ command, ...match(command.title, query) }));
      if (!query) return rows;
      return rows.filter((row) => row.score > 0).sort((a, b) => b.score - a.score);
    },
  },
  watch: {
    query() {
      this.active = 0;
    },
  },
  mounted() {
    document.addEventListener("keydown", this.toggle);
    starling.openPalette = this.show;
  },
  unmounted() {
    document.removeEventListener("keydown", this.toggle);
  },
  methods: {
    caps: (keys) => starling.keycaps(keys),
    optionId(index) {
      return `${this.listId}-${index}`;
    },
    toggle(event) {
      if (event.key.toLowerCase() !== "k" || !(event.metaKey || event.ctrlKey) || event.altKey || event.shiftKey) return;
      event.preventDefault();
      if (this.$refs.dialog.open) this.close();
      else this.show();
    },
    show() {
      if (this.$refs.dialog.open) return;
      Object.assign(this, { open: true, query: "", active: 0 });
      this.$refs.dialog.showModal();
      this.$refs.input.focus();
    },
    closed() {
      this.open = this.$refs.dialog.open; // told late: it may have been opened again
    },
    close() {
      this.$refs.dialog.close();
    },
    steer(event) {
      const last = this.found.length - 1;
      const steps = { ArrowDown: this.active === last ? 0 : this.active + 1, ArrowUp: this.active ? this.active - 1 : last, Home: 0, End: last };
      if (event.key === "Enter" && this.found[this.active] && !event.isComposing) this.run(this.found[this.active].command);
      else if (!(event.key in steps) || last < 0) return;
      else this.active = steps[event.key];
      event.preventDefault();
      this.$nextTick(() => document.getElementById(this.optionId(this.active))?.scrollIntoView({ block: "nearest" }));
    },
    run(command) {
      this.close();
      if (command.to) window.open((window.path_prefix ?? "") + command.to, "_self");
      else this.$emit("run", command.id);
    },
  },
};

// The letters of `query` in order; beginnings of words and neighbours count more, and so do short titles.
function match(title, query) {
  const parts = [];
  let score = 0;
  let at = 0;
  let previous = -2;
  const lower = title.toLowerCase();
  for (const letter of query.replace(/\s+/g, "")) {
    const starts = [...lower.matchAll(/\b\w/g)].map((m) => m.index).find((i) => i >= at && lower[i] === letter);
    const next = lower.indexOf(letter, at);
    if (next < 0) return { score: 0, parts: [{ text: title, hit: false }] };
    const index = next === previous + 1 ? next : starts ?? next;
    score += index === previous + 1 ? 3 : index === starts ? 2 : 1;
    if (index > at) parts.push({ text: title.slice(at, index), hit: false });
    parts.push({ text: title[index], hit: true });
    previous = index;
    at = index + 1;
  }
  parts.push({ text: title.slice(at), hit: false });
  return { score: score - title.length / 1000, parts };
}
