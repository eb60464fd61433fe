// The self-evaluation table as officials know it. Texts are interpolated, never HTML.
export default {
  template: `
  <div class="scroll" tabindex="0" role="region" :aria-label="words.caption">
  <table class="score-table">
    <caption class="unseen">{{ words.caption }}</caption>
    <thead><tr>
      <th scope="col">{{ words.first }}</th><th scope="col">{{ words.second }}</th><th scope="col">{{ words.third }}</th>
      <th scope="col">{{ words.target }}</th><th scope="col">{{ words.measured }}</th><th scope="col">{{ words.status }}</th>
      <th scope="col" class="number">{{ words.weight }}</th><th scope="col" class="number">{{ words.score }}</th>
      <th scope="col">{{ words.deviation }}</th></tr></thead>
    <tbody>
      <tr v-for="row in rows" :key="row.code" :data-code="row.code" :class="'is-' + row.status">
        <th v-if="row.firstSpan" scope="rowgroup" :rowspan="row.firstSpan" class="level">{{ row.first }}</th>
        <th v-if="row.secondSpan" scope="rowgroup" :rowspan="row.secondSpan" class="level">{{ row.second }}</th>
        <th scope="row" class="third">{{ row.name }}<small v-if="row.code !== 'execution'">{{ row.code }}</small></th>
        <td>{{ row.target }}</td>
        <td><span :class="lit(row.code, 'measured')" :title="row.exact">{{ row.measured }}</span></td>
        <td><span class="status" :class="'status-' + row.status" v-if="row.statusText"><i aria-hidden="true">{{ row.sign }}</i>{{ row.statusText }}</span><small v-if="row.outlook" class="outlook">▲ {{ row.outlook }}</small></td>
        <td class="number">{{ row.weight }}</td>
        <td class="number"><button type="button" class="score" :class="lit(row.code, 'score')" :aria-label="words.open.replace('{name}', row.name).replace('{score}', row.score)" @click="$emit('open', row.code)">{{ row.score }}</button></td>
        <td class="deviation">{{ row.deviation }}</td>
      </tr>
    </tbody>
    <tfoot><tr><th scope="row" colspan="6">{{ words.sum }}</th><td class="number">{{ full }}</td><td class="number"><b :class="lit('', 'total')">{{ total }}</b></td><td></td></tr></tfoot>
  </table></div>`,
  props: { rows: Array, words: Object, total: String, full: String },
  emits: ["open"],
  data() { return { lights: {} }; },
  watch: {
    rows(now, before) {
      const old = new Map(before.map((row) => [row.code, row]));
      for (const row of now) {
        const was = old.get(row.code);
        for (const key of ["measured", "score"]) if (was && was[key] !== row[key]) this.light(row.code, key);
      }
    },
    total() { this.light("", "total"); },
  },
  methods: {
    light(code, key) {
      const name = code + " " + key;
      clearTimeout(this.lights[name]);
      this.lights[name] = setTimeout(() => { delete this.lights[name]; }, 4000);
    },
    lit(code, key) { return this.lights[code + " " + key] ? "lit" : ""; },
  },
};
