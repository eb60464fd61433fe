// A place to drop a file on; the browser's own control inside it is what keyboards and screen readers reach.
export default {
  template: `
  <div class="drop-place">
    <label class="drop" :class="{ 'drop-over': isOver, 'drop-busy': isBusy }"
      @dragover.prevent="isOver = true" @dragleave="isOver = false" @drop.prevent="dropped">
      <span class="drop-sign" aria-hidden="true">⇪</span>
      <span class="drop-text"><b>{{ label }}</b><small>{{ hint }}</small></span>
      <input type="file" :accept="accept" :disabled="isBusy" @change="chosen">
    </label>
    <p class="trouble" role="alert" v-if="trouble">{{ trouble }}</p>
  </div>`,
  props: { label: String, hint: String, accept: String, url: String, maxFileSize: Number, words: Object },
  data() { return { isOver: false, isBusy: false, trouble: "" }; },
  methods: {
    async chosen(event) {
      const [file] = event.target.files;
      if (file) await this.send(file);
      event.target.value = ""; // Or the same file, mended, could not be chosen again.
    },
    async dropped(event) {
      this.isOver = false;
      const [file] = event.dataTransfer.files;
      if (file && !this.isBusy) await this.send(file);
    },
    async send(file) {
      this.trouble = file.size > this.maxFileSize ? this.words.too_large : "";
      if (this.trouble) return;
      const form = new FormData();
      form.append("file", file, file.name);
      this.isBusy = true;
      try {
        const answer = await fetch((window.path_prefix || "") + this.url, { method: "POST", body: form });
        if (!answer.ok) this.trouble = this.words.failed;
      } catch {
        this.trouble = this.words.failed;
      }
      this.isBusy = false;
    },
  },
};
