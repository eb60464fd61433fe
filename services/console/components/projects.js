// All projects. Whatever comes from a service is shown by interpolation: as text.
export default {
  template: `
  <div class="board" :class="{ 'is-wall': wall }">
    <form class="board-tools" role="search" @submit.prevent v-if="!wall">
      <label class="tool tool-wide"><span>{{ words.search }}</span>
        <input type="search" v-model="text" :placeholder="words.search_hint" data-testid="search"></label>
      <label class="tool"><span>{{ words.unit }}</span>
        <select v-model="unit"><option value="">{{ words.all }}</option>
          <option v-for="each in units" :key="each" :value="each">{{ each }}</option></select></label>
      <label class="tool"><span>{{ words.year }}</span>
        <select v-model="year"><option value="">{{ words.all }}</option>
          <option v-for="each in years" :key="each" :value="each">{{ each }}</option></select></label>
      <label class="tool"><span>{{ words.grade }}</span>
        <select v-model="grade"><option value="">{{ words.all }}</option>
          <option v-for="each in grades" :key="each[0]" :value="each[0]">{{ each[1] }}</option></select></label>
    </form>
    <p class="quiet" role="status" v-if="!wall">{{ count }}</p>
    <table class="board-table">
      <caption class="unseen">{{ words.caption }}</caption>
      <thead><tr>
        <th v-for="column in columns" :key="column.key" scope="col" :class="column.class" :aria-sort="sorting(column.key)">
          <button type="button" @click="sort(column.key)" v-if="column.sorts && !wall">{{ column.label }}<i aria-hidden="true">{{ arrow(column.key) }}</i></button>
          <span v-else>{{ column.label }}</span>
        </th></tr></thead>
      <tbody>
        <tr v-for="row in shown" :key="row.project" :data-project="row.project">
          <th scope="row" class="name"><a :href="row.href" v-if="row.href && !wall">{{ row.title }}</a><span v-else>{{ row.title }}</span>
            <small>{{ row.unit }} · {{ row.year }}</small></th>
          <td class="total" :data-label="words.total"><b :class="lit(row.project, 'total')">{{ row.total }}</b></td>
          <td :data-label="words.grade"><span class="grade" :class="'grade-' + row.grade"><i aria-hidden="true">{{ row.sign }}</i>{{ row.gradeText }}</span></td>
          <td class="progress" :data-label="words.execution">
            <span class="pace" role="img" :aria-label="row.paceText">
              <span class="pace-spent" :style="{ width: row.spent + '%' }"></span>
              <span class="pace-time" :style="{ left: row.elapsed + '%' }"></span></span>
            <small aria-hidden="true"><span :class="lit(row.project, 'spentText')">{{ row.spentText }}</span> / {{ row.elapsedText }}</small></td>
          <td class="trend" :data-label="words.trend"><svg viewBox="0 0 100 28" preserveAspectRatio="none" role="img" :aria-label="row.trendText">
            <polyline :points="line(row.trend)" fill="none" vector-effect="non-scaling-stroke"></polyline></svg></td>
          <td class="risk" :data-label="words.at_risk"><span :class="row.atRisk ? 'risk-some' : 'risk-none'"><i aria-hidden="true">{{ row.atRisk ? '▲' : '✓' }}</i> <span :class="lit(row.project, 'atRisk')">{{ row.atRisk }}</span></span></td>
          <td class="moved" :data-label="words.moved">{{ row.moved }}</td>
        </tr>
        <tr v-if="!shown.length"><td :colspan="columns.length" class="quiet">{{ rows.length ? words.none_found : words.none_yet }}</td></tr>
      </tbody>
    </table>
  </div>`,
  props: { rows: Array, words: Object, wall: Boolean },
  data() {
    return { text: "", unit: "", year: "", grade: "", by: "title", down: false, lights: {} };
  },
  computed: {
    columns() {
      const w = this.words;
      return [
        { key: "title", label: w.project, sorts: true },
        { key: "totalValue", label: w.total, sorts: true, class: "number" },
        { key: "grade", label: w.grade },
        { key: "spent", label: w.execution, sorts: true },
        { key: "trend", label: w.trend },
        { key: "atRisk", label: w.at_risk, sorts: true, class: "number" },
        { key: "movedAt", label: w.moved, sorts: true },
      ];
    },
    units() { return [...new Set(this.rows.map((row) => row.unit))].sort(); },
    years() { return [...new Set(this.rows.map((row) => String(row.year)))].sort(); },
    grades() { return [...new Map(this.rows.map((row) => [row.grade, row.gradeText]))]; },
    shown() {
      const text = this.text.trim().toLowerCase();
      const fits = (row) =>
        (!text || (row.title + " " + row.project + " " + row.unit).toLowerCase().includes(text)) &&
        (!this.unit || row.unit === this.unit) &&
        (!this.year || String(row.year) === this.year) &&
        (!this.grade || row.grade === this.grade);
      const sign = this.down ? -1 : 1;
      const compare = (a, b) => {
        const [left, right] = [a[this.by], b[this.by]];
        if (typeof left === "number" && typeof right === "number") return left - right;
        return String(left).localeCompare(String(right), document.documentElement.lang);
      };
      return this.rows.filter(fits).sort((a, b) => sign * (compare(a, b) || a.project.localeCompare(b.project)));
    },
    count() { return this.words.count.replace("{shown}", this.shown.length).replace("{all}", this.rows.length); },
  },
  watch: {
    rows(now, before) {
      const old = new Map(before.map((row) => [row.project, row]));
      for (const row of now) {
        const was = old.get(row.project);
        for (const key of ["total", "spentText", "atRisk"]) if (was && was[key] !== row[key]) this.light(row.project, key);
      }
    },
  },
  methods: {
    light(project, key) {
      const name = project + " " + key;
      clearTimeout(this.lights[name]);
      this.lights[name] = setTimeout(() => { delete this.lights[name]; }, 4000);
    },
    lit(project, key) { return this.lights[project + " " + key] ? "lit" : ""; },
    sort(key) {
      this.down = this.by === key ? !this.down : typeof (this.rows[0] || {})[key] === "number";
      this.by = key;
    },
    sorting(key) { return this.by === key ? (this.down ? "descending" : "ascending") : null; },
    arrow(key) { return this.by === key ? (this.down ? " ↓" : " ↑") : ""; },
    line(trend) {
      if (!trend.length) return "";
      const points = trend.length === 1 ? [trend[0], trend[0]] : trend;
      const low = Math.min(...points), high = Math.max(...points), span = high - low || 1;
      return points.map((value, i) => `${((i * 100) / (points.length - 1)).toFixed(1)},${(high === low ? 14 : 25 - ((value - low) / span) * 22).toFixed(1)}`).join(" ");
    },
  },
};
