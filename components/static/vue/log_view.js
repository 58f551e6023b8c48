// The last lines of the live layer, filtered here by prefix, level and words. See components/log_view.py.
const LEVELS = { debug: 0, info: 1, warning: 2, error: 3, critical: 3 };
const TONES = { warning: "wait", error: "fail", critical: "fail" };
const CHOICES = [["All", 0], ["Info", 1], ["Warnings", 2]];
const NEAR = 24; // pixels from the end that still count as the end

export default {
  template: `
    <section class="log card card--flush" aria-label="Log">
      <div class="log__bar">
        <input class="log__words" type="search" v-model="words" placeholder="Filter by words" aria-label="Filter by words" />
        <div class="log__choices" role="group" aria-label="Level">
          <button v-for="[name, level] in choices" type="button" class="log__choice" :aria-pressed="least === level" @click="least = level">{{ name }}</button>
        </div>
        <button type="button" class="log__choice" :aria-pressed="paused" @click="pause">
          {{ paused ? (waiting.length ? waiting.length + " new" : "Paused") : "Pause" }}
        </button>
        <q-toggle dense v-model="debugging" :disable="!maySwitch" label="Debug" @update:model-value="$emit('debug', $event)"
          :title="maySwitch ? null : 'Sign in to have debug lines made'" />
      </div>
      <div class="log__prefixes" role="group" aria-label="Prefix">
        <button v-for="prefix in prefixes" :key="prefix" type="button" class="log__choice" :aria-pressed="chosen.has(prefix)" @click="toggle(prefix)">{{ prefix }}</button>
      </div>
      <div class="log__lines" ref="lines" role="log" aria-live="off" aria-label="Lines" tabindex="0">
        <p v-for="line in shown" :key="line.n" class="log__line" :class="'log__line--' + line.level">
          <time class="num">{{ time(line.at) }}</time><b>[{{ line.prefix }}]</b><span :class="TONES[line.level] && 'tone-text tone-' + TONES[line.level]">{{ line.text }}</span>
        </p>
        <p v-if="!shown.length" class="log__none">{{ all.length ? "No line matches" : "Nothing has been said yet" }}</p>
      </div>
    </section>
  `,
  props: { lines: Array, most: Number, maySwitch: Boolean, debug: Boolean },
  emits: ["debug"],
  data() {
    return { all: [...this.lines], debugging: this.debug, waiting: [], words: "", least: 0, chosen: new Set(), paused: false, choices: CHOICES, TONES };
  },
  computed: {
    prefixes() {
      return [...new Set(this.all.map((line) => line.prefix))].sort();
    },
    shown() {
      const words = this.words.trim().toLowerCase();
      return this.all.filter(
        (line) =>
          LEVELS[line.level] >= this.least &&
          (!this.chosen.size || this.chosen.has(line.prefix)) &&
          (!words || `[${line.prefix}] ${line.text}`.toLowerCase().includes(words)),
      );
    },
  },
  beforeUpdate() {
    const box = this.$refs.lines;
    this.atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR;
  },
  updated() {
    if (this.atEnd) this.end();
  },
  mounted() {
    this.end();
  },
  methods: {
    end() {
      const box = this.$refs.lines;
      box.scrollTop = box.scrollHeight;
    },
    append(lines) {
      const last = Math.max(0, ...this.all.slice(-1).map((l) => l.n), ...this.waiting.slice(-1).map((l) => l.n));
      const fresh = lines.filter((line) => line.n > last);
      if (this.paused) this.waiting = [...this.waiting, ...fresh].slice(-this.most);
      else this.all = [...this.all, ...fresh].slice(-this.most);
    },
    sayDebug(on) {
      this.debugging = on;
    },
    pause() {
      this.paused = !this.paused;
      if (!this.paused) {
        this.all = [...this.all, ...this.waiting].slice(-this.most);
        this.waiting = [];
      }
    },
    toggle(prefix) {
      const chosen = new Set(this.chosen);
      if (!chosen.delete(prefix)) chosen.add(prefix);
      this.chosen = chosen;
    },
    time: (at) => new Date(at * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" }),
  },
};
