export default {
  template: `
  <div class="gauge" role="img" :aria-label="label">
    <svg viewBox="0 0 120 120" aria-hidden="true">
      <circle cx="60" cy="60" r="50" class="gauge-back"></circle>
      <circle cx="60" cy="60" r="50" :class="'gauge-front gauge-' + grade" :stroke-dasharray="314.159" :stroke-dashoffset="314.159 * (1 - share)"></circle>
    </svg>
    <div class="gauge-text"><b :class="{ lit: isLit }">{{ total }}</b><small>/ {{ full }}</small></div>
  </div>`,
  props: { total: String, full: String, grade: String, label: String },
  data() { return { isLit: false, timer: 0 }; },
  computed: {
    share() { return Math.max(0, Math.min(1, Number(this.total) / (Number(this.full) || 100))); },
  },
  watch: {
    total() {
      this.isLit = true;
      clearTimeout(this.timer);
      this.timer = setTimeout(() => { this.isLit = false; }, 4000);
    },
  },
};
