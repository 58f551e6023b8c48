// What one writes: text, files by choice, paste or drop, emoji, mentions, voice. See components/chat_composer.py.
const TYPING_EVERY_MS = 1000;
const DRAFT_MS = 400;
const PROGRESS_MS = 150;
const LATE_MS = 1000;
const newId = () =>
  crypto.randomUUID?.() ??
  "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (c) => (+c ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (+c / 4)))).toString(16));

export default {
  template: `
    <div class="chat-composer" :class="{ 'composer--over': over }" @dragover.prevent="over = true" @dragleave.self="over = false" @drop.prevent="drop">
      <div v-if="said" class="composer__about">
        <i class="material-symbols-rounded" aria-hidden="true">{{ editing ? "edit" : "reply" }}</i>
        <span class="truncate-1"><b>{{ editing ? "Editing" : said.name }}</b> {{ said.text }}</span>
        <button type="button" class="icon-button material-symbols-rounded" aria-label="Do not" title="Do not" @click="cancel">close</button>
      </div>
      <ul v-if="late.length" class="composer__late" role="status">
        <li v-for="message in late" :key="message.id"><i class="material-symbols-rounded" aria-hidden="true">schedule</i><span class="truncate-1">{{ message.text || "Files" }}</span><span class="meta">Waits for the connection</span></li>
      </ul>
      <ul v-if="sending.length || files.length" class="composer__files" aria-label="Files to send">
        <li v-for="file in files" :key="file.id" class="composer__file">
          <i class="material-symbols-rounded" aria-hidden="true">{{ file.image ? "image" : "draft" }}</i><span class="truncate-1">{{ file.name }}</span>
          <button type="button" class="icon-button material-symbols-rounded" :aria-label="'Remove ' + file.name" @click="$emit('take_back', file.id)">close</button>
        </li>
        <li v-for="file in sending" :key="file.id" class="composer__file" :class="{ 'tone-fail': file.error }">
          <span class="truncate-1">{{ file.name }}</span>
          <span v-if="file.error" class="composer__error">{{ file.error }}</span>
          <span v-else class="composer__bar" role="progressbar" :aria-valuenow="file.percent" :aria-label="file.name"><i :style="{ width: file.percent + '%' }"></i></span>
          <button type="button" class="icon-button material-symbols-rounded" :aria-label="'Remove ' + file.name" @click="abort(file)">close</button>
        </li>
      </ul>
      <ul v-if="named.length" class="composer__people" role="listbox" :aria-label="named[0].command ? 'Commands' : 'People'">
        <li v-for="(person, n) in named" :key="person.command ?? person.username" role="option" :aria-selected="n === at" @mousedown.prevent="name(person)">
          <template v-if="person.command"><span class="mono">{{ person.command }}<span class="meta">{{ person.example }}</span></span> <span class="meta">{{ person.does }}</span></template>
          <template v-else><span class="avatar avatar--small" :style="{ background: person.colour, color: person.ink }" aria-hidden="true">{{ person.initials }}</span><b>{{ person.name }}</b> <span class="meta">@{{ person.username }}</span></template>
        </li>
      </ul>
      <div class="composer__line">
        <input ref="pick" type="file" multiple hidden :accept="accept" @change="chosen">
        <button type="button" class="icon-button material-symbols-rounded" title="Add a file" aria-label="Add a file" :disabled="!!closed" @click="$refs.pick.click()">attach_file</button>
        <textarea ref="text" v-model="text" rows="1" :maxlength="most" :placeholder="closed || placeholder" :disabled="!!closed" aria-label="Message"
          @keydown="key" @input="typed" @paste="paste" @click="look" @blur="named = []"></textarea>
        <button type="button" class="icon-button material-symbols-rounded composer__smile" title="Emoji" aria-label="Emoji" :disabled="!!closed">mood
          <q-menu class="emoji-menu" anchor="top right" self="bottom right" @hide="$refs.text.focus()"><div class="emoji-grid"><button v-for="e in emoji" :key="e" v-close-popup type="button" :aria-label="e" @click="insert(e)">{{ e }}</button></div></q-menu>
        </button>
        <button v-if="voice && !text && !files.length && !editing" type="button" class="icon-button material-symbols-rounded" :class="{ 'composer__recording': recording }" :title="recording ? 'Stop and send' : 'Record a voice message'" :aria-label="recording ? 'Stop and send' : 'Record a voice message'" :disabled="!!closed" @click="record">{{ recording ? "stop_circle" : "mic" }}</button>
        <span v-if="recording" class="meta num">{{ Math.floor(seconds / 60) }}:{{ String(seconds % 60).padStart(2, "0") }}</span>
        <button type="button" class="composer__send material-symbols-rounded" :title="editing ? 'Save' : 'Send'" :aria-label="editing ? 'Save' : 'Send'" :disabled="!ready" @click="send">{{ editing ? "check" : "arrow_upward" }}</button>
      </div>
    </div>
  `,
  props: { url: String, files: Array, people: Array, commands: { type: Array, default: () => [] }, emoji: Array, closed: String, replying: Object, editing: Object, draft: String, shelf: String, placeholder: String, most: Number, largest: Number, accept: String, eager: { type: Boolean, default: true }, enableVoice: { type: Boolean, default: true } },
  emits: ["send", "save", "cancel", "typing", "rest", "draft", "begin", "progress", "take_back", "edit_last", "failed"],
  data() {
    return { text: this.draft ?? "", sending: [], named: [], at: 0, over: false, recording: null, seconds: 0, kept: "", toldAt: 0, out: [], late: [] };
  },
  computed: {
    said() {
      return this.editing ?? this.replying;
    },
    ready() {
      return !this.closed && !this.sending.some((file) => !file.error) && (!!this.text.trim() || (this.files.length > 0 && !this.editing));
    },
    voice() {
      return this.enableVoice && !!navigator.mediaDevices?.getUserMedia && "MediaRecorder" in window;
    },
  },
  watch: {
    editing(now, before) {
      if (now) {
        if (!before) this.kept = this.text;
        this.text = now.text;
      } else if (before) this.text = this.kept;
      this.$nextTick(() => (this.grow(), now && this.$refs.text.focus()));
    },
    replying(now) {
      if (now) this.$refs.text.focus();
    },
    text() {
      this.$nextTick(this.grow);
      clearTimeout(this.drafting);
      if (!this.editing) this.drafting = setTimeout(() => this.$emit("draft", this.text), DRAFT_MS);
    },
  },
  created() {
    starling.emoji = this.emoji; // the messages' pickers have the same
  },
  mounted() {
    this.grow();
    this.out = JSON.parse(sessionStorage.getItem(this.shelf) ?? "[]"); // of a page that was loaded anew before they were taken
    if (this.out.at(-1)?.text === this.text.trim()) this.text = ""; // the draft was kept, that it was sent was not heard
    this.again();
    starling.link.addEventListener("up", this.again);
    if (this.eager && matchMedia("(pointer: fine)").matches) this.$refs.text.focus();
  },
  unmounted() {
    starling.link.removeEventListener("up", this.again);
    clearTimeout(this.drafting);
    this.stopRecording(false);
    for (const file of this.sending) file.request?.abort();
  },
  methods: {
    focus() {
      this.$refs.text.focus();
    },
    grow() {
      const box = this.$refs.text;
      if (!box) return;
      box.style.height = "auto";
      if (this.text) box.style.height = Math.min(box.scrollHeight, 200) + "px";
    },
    key(event) {
      if (this.named.length) {
        const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
        if (step) {
          this.at = (this.at + step + this.named.length) % this.named.length;
          return event.preventDefault();
        }
        if (event.key === "Enter" || event.key === "Tab") {
          this.name(this.named[this.at]);
          return event.preventDefault();
        }
        if (event.key === "Escape") {
          this.named = [];
          return event.stopPropagation();
        }
      }
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        if (this.ready) this.send();
      } else if (event.key === "Escape" && this.said) {
        event.stopPropagation();
        this.cancel();
      } else if (event.key === "ArrowUp" && !this.text && !this.editing) {
        event.preventDefault();
        this.$emit("edit_last");
      }
    },
    send() {
      const text = this.text.trim();
      if (this.editing) {
        this.$emit("save", { id: this.editing.id, text });
        return;
      }
      this.text = "";
      clearTimeout(this.drafting);
      this.out.push({ id: newId(), text });
      this.$emit("send", this.out.at(-1));
      setTimeout(() => (this.late = [...this.out]), LATE_MS);
      this.sending = [];
      this.toldAt = 0;
      this.keep();
    },
    // What a socket took with it when it broke nobody has heard: it is kept until the app has it, and said again.
    keep() {
      this.out.length ? sessionStorage.setItem(this.shelf, JSON.stringify(this.out)) : sessionStorage.removeItem(this.shelf);
    },
    took(id) {
      this.out = this.out.filter((message) => message.id !== id);
      this.late = this.late.filter((message) => message.id !== id);
      this.keep();
    },
    again() {
      for (const message of this.out) this.$emit("send", message);
    },
    cancel() {
      this.$emit("cancel");
      this.$refs.text.focus();
    },
    typed() {
      this.look();
      if (!this.text) this.$emit("rest");
      else if (Date.now() - this.toldAt > TYPING_EVERY_MS) {
        this.toldAt = Date.now();
        this.$emit("typing");
      }
    },
    look() {
      const found = /(?:^|[\s(])@([a-z0-9_]*)$/i.exec(this.text.slice(0, this.$refs.text.selectionStart));
      const begun = found?.[1].toLowerCase();
      this.named = found ? this.people.filter((p) => p.username.startsWith(begun) || p.name.toLowerCase().split(" ").some((w) => w.startsWith(begun))).slice(0, 6) : [];
      if (!this.editing && /^\/[a-z]*$/i.test(this.text)) this.named = this.commands.filter((c) => c.command.trim() !== this.text && c.command.startsWith(this.text.toLowerCase()));
      this.at = 0;
    },
    name(person) {
      const box = this.$refs.text;
      if (person.command) {
        this.place(person.command, "");
        this.named = [];
        return;
      }
      const before = this.text.slice(0, box.selectionStart).replace(/@[a-z0-9_]*$/i, `@${person.username} `);
      this.place(before, this.text.slice(box.selectionStart));
      this.named = [];
    },
    insert(emoji) {
      const box = this.$refs.text;
      this.place(this.text.slice(0, box.selectionStart) + emoji, this.text.slice(box.selectionEnd));
    },
    place(before, after) {
      this.text = before + after;
      this.$nextTick(() => {
        this.$refs.text.focus();
        this.$refs.text.setSelectionRange(before.length, before.length);
      });
    },
    // Files
    paste(event) {
      const files = [...event.clipboardData.files];
      if (files.length) {
        event.preventDefault();
        files.forEach((file) => this.upload(file));
      }
    },
    drop(event) {
      this.over = false;
      if (!this.closed) [...event.dataTransfer.files].forEach((file) => this.upload(file));
    },
    chosen(event) {
      [...event.target.files].forEach((file) => this.upload(file));
      event.target.value = "";
    },
    async upload(file, about = {}) {
      const id = newId();
      const type = file.type.split(";")[0];
      this.sending.push({ id, name: file.name, percent: 0, error: "" });
      const entry = this.sending[this.sending.length - 1];
      if (file.size > this.largest) return (entry.error = `larger than ${Math.floor(this.largest / 2 ** 20)} MB`);
      if (!this.accept.split(",").includes(type)) return (entry.error = "no kind of file that is sent here");
      if (type.startsWith("image/")) {
        try {
          const picture = await createImageBitmap(file);
          about = { width: picture.width, height: picture.height };
          picture.close();
        } catch {
          return (entry.error = "no picture that can be shown");
        }
      }
      this.$emit("begin", { id, name: file.name, type, ...about });
      const form = new FormData();
      form.append("file", file, id); // its name was told before
      const request = new XMLHttpRequest();
      entry.request = request;
      let told = 0;
      request.upload.onprogress = ({ loaded, total }) => {
        entry.percent = Math.floor((90 * loaded) / total); // the rest is from the app to Storage
        if (Date.now() - told > PROGRESS_MS) {
          told = Date.now();
          this.$emit("progress", { id, percent: entry.percent });
        }
      };
      request.onload = () => request.status >= 400 && this.fail(entry, "the app did not take it");
      request.onerror = () => this.fail(entry, "the connection was lost");
      request.open("POST", this.url);
      request.send(form);
    },
    fail(entry, error) {
      entry.error = error;
      this.$emit("failed", entry.id);
    },
    done(id, error) {
      const entry = this.sending.find((file) => file.id === id);
      if (entry && error) entry.error = error;
      else this.sending = this.sending.filter((file) => file.id !== id);
    },
    abort(file) {
      file.request?.abort();
      this.sending = this.sending.filter((other) => other !== file);
      this.$emit("failed", file.id);
    },
    // Voice
    async record() {
      if (this.recording) return this.stopRecording(true);
      try {
        const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
        const type = ["audio/webm", "audio/mp4", "audio/ogg"].find((t) => MediaRecorder.isTypeSupported(t));
        const parts = [];
        const recorder = new MediaRecorder(stream, { mimeType: type });
        recorder.ondataavailable = (event) => parts.push(event.data);
        recorder.onstop = () => {
          stream.getTracks().forEach((track) => track.stop());
          if (recorder.wanted) this.upload(new File(parts, "Voice message", { type }), { voice: true, seconds: recorder.lasted });
        };
        recorder.start();
        this.recording = recorder;
        this.seconds = 0;
        this.ticking = setInterval(() => ++this.seconds >= 300 && this.stopRecording(true), 1000);
      } catch {
        this.sending.push({ id: String(Date.now()), name: "Voice message", percent: 0, error: "the browser does not let Starling record" });
      }
    },
    stopRecording(wanted) {
      clearInterval(this.ticking);
      if (!this.recording) return;
      Object.assign(this.recording, { wanted, lasted: Math.max(1, this.seconds) });
      this.recording.stop();
      this.recording = null;
    },
  },
};
