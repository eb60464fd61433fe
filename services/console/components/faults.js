// Faults; clocks run in the browser, against the server's time when the page was built.
export default {
  template: `
  <div class="faults">
    <p class="quiet" v-if="!rows.length">{{ words.none }}</p>
    <ul v-else>
      <li v-for="row in rows" :key="row.fault" class="fault" :class="'fault-' + row.status" :data-fault="row.fault">
        <div><b>{{ row.title }}</b><small>{{ row.facts }}</small></div>
        <div class="fault-clock" v-if="row.from !== null">
          <span class="clock" :class="{ late: hours(row) > target }">{{ clock(row) }}</span>
          <span class="pace" role="img" :aria-label="clock(row)"><span class="pace-spent" :class="{ late: hours(row) > target }" :style="{ width: Math.min(100, hours(row) / target * 100) + '%' }"></span></span>
          <small>{{ hours(row) > target ? words.late : words.left.replace('{hours}', (target - hours(row)).toFixed(1)) }}</small>
        </div>
        <div class="fault-clock" v-else><small>{{ row.took }}</small></div>
        <span class="status" :class="'status-fault-' + row.status"><i aria-hidden="true">{{ row.sign }}</i>{{ row.statusText }}</span>
      </li>
    </ul>
  </div>`,
  props: { rows: Array, words: Object, target: Number, now: Number },
  data() { return { skew: 0, tick: 0, timer: 0 }; },
  created() {
    this.skew = this.now - Date.now();
    this.tick = Date.now();
    this.timer = setInterval(() => { this.tick = Date.now(); }, 1000);
  },
  unmounted() { clearInterval(this.timer); },
  methods: {
    seconds(row) { return Math.max(0, (this.tick + this.skew - row.from) / 1000); },
    hours(row) { return this.seconds(row) / 3600; },
    clock(row) {
      const all = Math.floor(this.seconds(row)), two = (n) => String(n).padStart(2, "0");
      const days = Math.floor(all / 86400);
      const time = `${two(Math.floor((all % 86400) / 3600))}:${two(Math.floor((all % 3600) / 60))}:${two(all % 60)}`;
      return days ? this.words.days.replace("{days}", days).replace("{time}", time) : time;
    },
  },
};
