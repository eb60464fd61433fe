// A plain table. A cell is a text, or {text, bar, tone, title, href}.
export default {
  template: `
  <div class="scroll" tabindex="0" role="region" :aria-label="caption">
  <table class="ledger">
    <caption class="unseen">{{ caption }}</caption>
    <thead><tr><th v-for="column in columns" :key="column.key" scope="col" :class="{ number: column.number }">{{ column.label }}</th></tr></thead>
    <tbody>
      <tr v-for="(row, i) in rows" :key="row.id || i" :class="row.tone ? 'tone-' + row.tone : ''">
        <td v-for="column in columns" :key="column.key" :data-label="column.label" :class="{ number: column.number, code: column.code }">
          <template v-if="row[column.key] !== null && typeof row[column.key] === 'object'">
            <a v-if="row[column.key].href" :href="row[column.key].href">{{ row[column.key].text }}</a>
            <span v-else :class="row[column.key].tone ? 'tone-' + row[column.key].tone : ''" :title="row[column.key].title">{{ row[column.key].text }}</span>
            <span v-if="row[column.key].bar !== undefined" class="pace" aria-hidden="true"><span class="pace-spent" :style="{ width: Math.min(100, row[column.key].bar) + '%' }"></span></span>
          </template>
          <template v-else>{{ row[column.key] }}</template>
        </td>
      </tr>
      <tr v-if="!rows.length"><td :colspan="columns.length" class="quiet">{{ empty }}</td></tr>
    </tbody>
  </table></div>`,
  props: { columns: Array, rows: Array, caption: String, empty: String },
};
