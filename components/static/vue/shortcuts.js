// Listens for keys pressed one after the other, and lists them all on "?". See components/shortcuts.py.
const PAUSE_MS = 1000; // longer than this between two keys begins anew
const busy = (target) =>
  target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || document.querySelector("dialog[open], .q-dialog");

export default {
  template: `
    <dialog ref="dialog" tabindex="-1" class="shortcuts" aria-label="Keyboard shortcuts" @click.self="$refs.dialog.close()" @close="closed">
      <header class="shortcuts__head">
        <h2 class="title">Keyboard shortcuts</h2>
        <button type="button" class="bare-icon" aria-label="Close" @click="$refs.dialog.close()"><q-icon name="sym_r_close" /></button>
      </header>
      <section v-for="[section, rows] in open ? sections : []" :key="section">
        <h3 class="shortcuts__section">{{ section }}</h3>
        <div v-for="row in rows" class="shortcuts__row">
          <span>{{ row.title }}</span>
          <span class="keys"><kbd v-for="key in caps(row.keys)" class="kbd">{{ key }}</kbd></span>
        </div>
      </section>
    </dialog>
  `,
  props: { shortcuts: Array },
  emits: ["run"],
  data: () => ({ open: false, pressed: [], last: 0 }),
  computed: {
    sections() {
      const sections = new Map();
      for (const row of this.shortcuts) sections.set(row.section, [...(sections.get(row.section) ?? []), row]);
      return [...sections];
    },
  },
  mounted() {
    document.addEventListener("keydown", this.press);
  },
  unmounted() {
    document.removeEventListener("keydown", this.press);
  },
  methods: {
    caps: (keys) => starling.keycaps(keys),
    closed() {
      this.open = this.$refs.dialog.open; // told late: it may have been opened again
    },
    show() {
      if (this.$refs.dialog.open) return;
      this.open = true;
      this.$refs.dialog.showModal();
      this.$refs.dialog.focus();
    },
    press(event) {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || event.key.length > 1 || busy(event.target)) return;
      this.pressed = event.timeStamp - this.last > PAUSE_MS ? [event.key] : [...this.pressed, event.key].slice(-3);
      this.last = event.timeStamp;
      const typed = this.pressed.join(" ");
      const found = this.shortcuts
        .filter((row) => row.acts && (typed === row.keys || typed.endsWith(" " + row.keys)))
        .sort((a, b) => b.keys.length - a.keys.length)[0];
      if (!found) return;
      event.preventDefault();
      this.pressed = [];
      if (found.keys === "?") this.show();
      else if (found.to) window.open((window.path_prefix ?? "") + found.to, "_self");
      else this.$emit("run", found.id);
    },
  },
};
