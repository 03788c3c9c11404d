// The element <gan-playground>: what the reader sees, presses and hears. The training is elsewhere.
import { makeTarget } from '../engine/data.js';
import { LOSSES, NETWORKS, PENALTIES, TARGETS } from '../engine/gan.js';
import { ALL, read, TWINS, whole, write } from './address.js';
import * as draw from './draw.js';
import { number, say } from './strings.js';
import css from './style.css';
import { lattice, REACH, serve } from './worker.js';

/** @typedef {import('./address.js').State} State */

/** The settings that the page offers, and the choices of those that are no numbers. */
const FIELDS = 'target loss penalty gamma k lrG lrD batch noise ema seed networks width depth beta1 beta2 twin many'.split(' ');
/** @type {Record<string, any[]>} */
const CHOICES = { target: TARGETS, loss: Object.keys(LOSSES), penalty: Object.keys(PENALTIES), networks: NETWORKS, twin: TWINS, many: [1, 8, 16] };
/** How the picture draws what the table of words names. @type {Record<string, string>} */
const KEYS = { x: 'dashed var(--data)', p: 'solid var(--generator)', o: 'dotted var(--other)', d: 'solid var(--discriminator)', s: 'dashed var(--discriminator)' };
const RATES = [1, 5, 25, 100, 1e9];

const button = (/** @type {string} */ name) => `<button data-do="${name}">${say(name)}</button>`;
const select = (/** @type {string} */ name, /** @type {any[]} */ choices) =>
  `<select name="${name}">${choices.map((v) => `<option value="${v}">${say('choices')[v] ?? say('stories')[v]?.[0] ?? v}`).join('')}</select>`;
const field = (/** @type {string} */ name) =>
  `<label>${say('fields')[name]} ${CHOICES[name] ? select(name, CHOICES[name]) : `<input name="${name}" type="number" step="any">`}</label>`;
const fold = (/** @type {string} */ name, /** @type {string} */ inside) => `<details class="${name}"><summary>${say(name)}</summary>${inside}</details>`;

const page = () => `<style>${css}</style><slot></slot><section aria-label="${say('name')}">
<div class="story"><label>${say('story')} ${select('story', Object.keys(say('stories')))}</label><fieldset><legend></legend><div></div></fieldset></div>
<canvas class="picture"></canvas><p class="keys"></p>
<div class="bar">${['run', 'D', 'G', 'reset'].map(button).join('')}<label>${say('speed')} <input name="speed" type="range" max="4" value="4"></label></div>
<p class="keys numbers"></p><p class="words" role="status"></p>
<div class="charts"><canvas></canvas><canvas></canvas></div>
${fold('panel', button('line') + '<ol></ol>')}${fold('settings', `<div>${FIELDS.map(field).join('')}</div>`)}
<div class="bar">${['describe', 'copy'].map(button).join('')}</div><pre tabindex="0" hidden></pre><p class="same">${say('same')}</p></section>`;

export const define = () => {
  class GanPlayground extends HTMLElement {
    /** @type {State} */ state = ALL;
    /** @type {any} the newest frame of this run */ frame;
    /** @type {any} the story being told */ story;
    /** @type {((m: any) => void)|undefined} to what trains */ port;
    /** @type {Worker|undefined} */ worker;
    /** @type {AbortController|undefined} ends all listening when the element goes */ life;
    /** @type {number[][]} a column for each of: step, L_D, L_G, penalty, two weights */ rows = [];
    /** @type {number[][]} what was measured: the step, then of each run */ looks = [];
    /** @type {ArrayLike<number>} p_data on the line, or the modes in the plane */ data = [];
    /** @type {number[]|undefined} the heights while one draws */ strokes;
    run = 0; // counts the runs, so that frames of an earlier one are known
    at = -1; // the line of Python last executed, when stepping
    heard = 0; // when something was last announced
    cursor = [0, 0]; // of the keys, in fourteenths

    /** @param {string} selector @returns {any} */
    $(selector) {
      return /** @type {ShadowRoot} */ (this.shadowRoot).querySelector(selector);
    }

    connectedCallback() {
      const root = this.shadowRoot || this.attachShadow({ mode: 'open' });
      root.innerHTML = page();
      const { signal } = this.life = new AbortController();
      const on = (/** @type {EventTarget} */ place, /** @type {string} */ events, /** @type {(e: any) => void} */ then) =>
        events.split(' ').forEach((event) => place.addEventListener(event, then, { signal }));
      on(root, 'click', (e) => e.target.dataset.do && this.press(e.target.dataset.do));
      on(root, 'change', (e) => this.choose(e.target));
      const picture = this.$('.picture');
      on(picture, 'pointerdown pointermove pointerup pointercancel', (e) => this.paint(e));
      on(picture, 'keydown', (e) => this.key(e));
      on(picture, 'focus blur', () => this.draw());

      const redraw = () => this.draw();
      const watchers = [new MutationObserver(redraw), new ResizeObserver(redraw), new IntersectionObserver(([seen]) => {
        if (seen.isIntersecting) this.begin();
      })];
      watchers[0].observe(document.documentElement, /** @type {any} */ ({ attributeFilter: ['data-theme'] }));
      watchers[1].observe(picture);
      watchers[2].observe(this);
      on(signal, 'abort', () => watchers.forEach((watcher) => watcher.disconnect()));

      this.pace();
      this.visit(this.getAttribute('state') || '');
      if (!this.hasAttribute('compact')) {
        const goThere = () => location.hash.startsWith('#gan?') && this.visit(location.hash);
        on(window, 'hashchange', () => goThere() && this.scrollIntoView({ block: 'nearest' }));
        goThere();
      }
    }

    disconnectedCallback() {
      this.life?.abort();
      this.worker?.terminate();
      this.worker = this.port = undefined;
    }

    /** Go where an address says. @param {string} address */
    visit(address) {
      let excuse = '';
      /** @type {State} */
      let state = ALL;
      try {
        state = read(address);
      } catch (error) {
        excuse = say('address') + /** @type {Error} */ (error).message;
      }
      this.show(state);
      this.tell(excuse, !!excuse);
      return true;
    }

    // --- the run

    /** Start what trains: a worker, or the page itself where there can be none. */
    begin() {
      if (this.port) return;
      const here = () => {
        this.port = serve((m) => queueMicrotask(() => this.receive(m)), 8); // in order, as from a worker
        this.tell(say('slices'));
        this.set();
      };
      try {
        const worker = this.worker = new Worker(URL.createObjectURL(new Blob([`(${gan})()`], { type: 'text/javascript' })));
        worker.onmessage = (event) => this.receive(event.data);
        worker.onerror = (event) => {
          event.preventDefault();
          worker.terminate();
          here();
        };
        this.port = (m) => worker.postMessage(m);
        this.set();
      } catch {
        here();
      }
    }

    /** Begin the run anew. */
    set() {
      this.rows = [[], [], [], [], [], []];
      this.looks = [];
      this.at = -1;
      this.frame = undefined;
      const { twin, many, ...settings } = this.state;
      this.send({ do: 'set', id: ++this.run, settings, twin, many, gap: matchMedia('(prefers-reduced-motion: reduce)').matches ? 1000 : 60 });
    }

    /** @param {any} order */
    send(order) {
      this.port?.(order);
    }

    /** Take a state, a story's or the reader's own: show it in the fields and train it. @param {State} state @param {any} [story] */
    show(state, story) {
      this.state = whole(state);
      this.story = story;
      const { twin, many, ...settings } = this.state;
      const { dim, means, density } = makeTarget(settings);
      const { target, drawn } = settings;
      this.data = dim < 2 ? density(lattice(1)) : means.length ? means : drawn;
      for (const name of FIELDS) this.$(`[name=${name}]`).value = /** @type {any} */ (this.state)[name];
      this.$('[name=story]').value = this.story?.id ?? 'own';
      const question = this.$('fieldset');
      const [ask, answers] = question.children;
      question.hidden = !this.story;
      const [, asked, choices = []] = say('stories')[this.story?.id] ?? [];
      ask.textContent = asked;
      answers.innerHTML = choices.map((/** @type {string} */ a, /** @type {number} */ i) => `<label><input type="radio" name="answer" value="${i}">${a}</label>`).join('');
      this.$('.keys').innerHTML = settings.networks === 'dirac' ? '' : Object.entries(say('keys')).map(([key, word]) => {
        if (key === 'o' && !twin || key === 's' && dim > 1) return '';
        return `<span>${KEYS[key] ? `<i style="border-top:3px ${KEYS[key]}"></i>` : ''}${word}</span>`;
      }).join('');
      this.drawing = settings.networks === 'dirac' ? '' : target;
      const byHand = /** @type {any} */ ({ drawn: 'drawLine', points: 'drawPlane' })[this.drawing];
      const picture = this.$('.picture');
      picture.tabIndex = byHand ? 0 : -1;
      picture.role = byHand ? 'application' : 'img';
      picture.ariaLabel = say(byHand ?? 'picture');
      this.$('pre').hidden = true;
      this.set();
    }

    /** Train another state, if it makes sense. @param {Record<string, any>} change @param {any} [story] */
    change(change, story) {
      try {
        this.show({ ...this.state, ...change }, story);
        if (!this.hasAttribute('compact')) history.replaceState(history.state, '', write(this.state));
        this.tell('');
      } catch (error) {
        this.tell(say('bad') + /** @type {Error} */ (error).message, true);
        return true;
      }
    }

    /** A frame has come. @param {any} frame */
    receive(frame) {
      if (frame.id !== this.run) return;
      frame.rows.forEach((/** @type {number} */ v, /** @type {number} */ i) => this.rows[i % 6].push(v));
      frame.looks.forEach((/** @type {number[]} */ look) => this.looks.push(look)); // after a while in a hidden tab too many for push(...looks)
      const ran = this.frame?.running;
      this.frame = frame.D && frame; // none where the networks could not be built
      this.$('[data-do=run]').textContent = say(frame.running ? 'pause' : 'run');
      for (const who of 'DG') this.$(`[data-do=${who}]`).disabled = frame.running;
      if (frame.stopped) this.tell(say('stopped') + frame.stopped + say('again'), true);
      else if (frame.until) this.end();
      else if (ran && !frame.running) this.tell(this.words());
      else if (frame.running && performance.now() - this.heard > 5000) this.tell(this.words(true));
      requestAnimationFrame(() => {
        this.draw();
        this.send({ do: 'drawn' });
      });
    }

    pace() {
      const speed = this.$('[name=speed]');
      speed.ariaValueText = say('speeds')[speed.value];
      if (this.frame?.running) this.go();
    }

    go() {
      const end = this.story?.steps;
      this.send({ do: 'run', rate: RATES[this.$('[name=speed]').value], until: this.frame?.steps >= end ? 0 : end });
    }

    /** @param {string} order what a button stands for */
    press(order) {
      this.begin();
      const { frame } = this;
      if (order === 'run') {
        if (frame?.running) return this.send({ do: 'pause' });
        if (frame?.stopped) this.set();
        this.tell('');
        this.go();
      } else if (order === 'D' || order === 'G') {
        this.at = say('loop', this.state).map((/** @type {any} */ [who]) => who).lastIndexOf(order);
        this.send({ do: order });
      } else if (order === 'line') this.walk();
      else if (order === 'reset') {
        this.set();
        this.tell('');
      } else if (order === 'describe') this.tell(this.words());
      else {
        const pre = this.$('pre');
        pre.hidden = false;
        pre.textContent = say('cell', this.state, this.rows, frame?.inOrder);
        // refused by some browsers where the page is a file
        new Promise((done) => done(navigator.clipboard.writeText(pre.textContent))).then(() => this.tell(say('copied')), () => this.tell(say('byHand')));
      }
    }

    /** Go on by one line of Python. The first line of a player's part does its update; the others show what came of it. */
    walk() {
      const lines = say('loop', this.state);
      const [now, next] = [lines[this.at], lines[this.at + 1]];
      if (now && next?.[0] === now[0]) {
        this.at++;
        return this.draw();
      }
      const who = this.frame?.next ?? 'D';
      this.at = lines.findIndex((/** @type {any} */ line) => line[0] === who);
      this.send({ do: who });
    }

    /** @param {any} input */
    choose(input) {
      const { name, value } = input;
      if (name === 'answer') this.answer = +value;
      else if (name === 'speed') this.pace();
      else if (name === 'story') {
        const story = say('presets').find((/** @type {any} */ p) => p.id === value);
        this.answer = -1;
        this.change(story && { ...ALL, ...story.state }, story);
      } else if (FIELDS.includes(name)) {
        const was = /** @type {any} */ (this.state)[name];
        /** @type {Record<string, any>} */
        const change = { [name]: typeof was !== 'number' ? value : value === '' ? NaN : +value };
        if (name === 'target') {
          const plane = /ring|grid|points/.test(value);
          change.drawn = value === 'drawn' ? Array.from({ length: 28 }, (_, i) => +(i % 14 > 6 && i % 14 < 10)) : value === 'points' ? [-0.8, 0.5, 0, -0.7, 0.8, 0.5] : [];
          if (plane || this.state.networks === 'dirac') change.networks = plane ? 'mlp' : 'seed';
        }
        if (this.change(change)) input.value = was;
      }
    }

    // --- words

    /** Say something, aloud too. @param {string} words */
    tell(words, bad = false) {
      const place = this.$('.words');
      place.textContent = words;
      place.classList.toggle('bad', bad);
      this.heard = performance.now();
    }

    /** The state in words. @param {boolean} [brief] */
    words(brief) {
      return this.frame ? say('state', this.frame, this.looks.at(-1), this.state.twin, this.data.length / 2, brief) : '';
    }

    /** The story has come to its end. */
    end() {
      const { id, right } = this.story;
      const [, , answers, tell] = say('stories')[id];
      const said = answers[/** @type {number} */ (this.answer)];
      this.tell((said ? `${this.answer === right ? '✔' : '✘'} ${say('said')}${said}. ` : '') + tell + ' ' + this.words(true));
    }

    // --- pictures

    draw() {
      const { frame, state, data, rows, looks } = this;
      if (!frame) return;
      const plane = frame.dim > 1;
      const dirac = state.networks === 'dirac';
      const canvas = this.$('.picture');
      draw.take(canvas, canvas.clientWidth < 500 ? 0.9 : plane || dirac ? 0.58 : 0.52);
      if (dirac) draw.orbit(rows[4], rows[5]);
      else (plane ? draw.plane : draw.line)(frame, data);
      if (this.shadowRoot?.activeElement === canvas) this.mark();

      const [left, right] = this.$('.charts').children;
      draw.take(left, 0.48);
      draw.chart(rows[0], [[rows[1], 'discriminator'], [rows[2], 'generator', [4, 3]]], 'L_D, L_G', false);
      const modes = data.length / 2;
      const column = (/** @type {number} */ i, scale = 1) => looks.map((look) => look[i] * scale);
      /** @type {Parameters<typeof draw.chart>[1]} */
      const series = [];
      for (let i = looks[0].length - frame.dim; i > 0; i -= frame.dim) { // the first run on top
        const twin = state.twin && i === 1 + frame.dim;
        series.push([column(i, plane ? 1 / modes : 1), twin ? 'other' : 'generator', twin ? [2, 3] : [], i > 1 && !twin ? 0.7 : 2]);
      }
      if (plane) series.push([column(2), 'ink', [4, 3], 1]);
      draw.take(right, 0.48);
      draw.chart(column(0), series, plane ? say('modes') + ', ' + say('quality') : say('distance'), !plane);

      this.$('.numbers').innerHTML = say('facts', frame, modes).map((/** @type {any} */ [name, value]) => `<span>${name} <b>${value}</b></span>`).join(' ');
      this.panel();
    }

    /** The lines of Python, the one just executed, and their values. */
    panel() {
      const { values, running } = this.frame;
      this.$('ol').innerHTML = say('loop', this.state).map((/** @type {any} */ [who, code, value], /** @type {number} */ i) => {
        const known = Number.isFinite(values[value]) && (running || this.at < 0 || i <= this.at);
        return `<li class="${who}"${i === this.at && !running ? ' aria-current="step"' : ''}><code>${code}</code>${known ? `<b>${value > 2 ? say('mean') : ''}${number(values[value], 6)}</b>` : ''}`;
      }).join('');
    }

    // --- drawing by hand

    /** Where one draws by key: the left edge of a bin and its number, or a point. */
    spot() {
      const line = this.drawing === 'drawn';
      const places = line ? this.state.drawn.length : 29;
      const low = places >> 1;
      const [x, y] = this.cursor = this.cursor.map((v) => Math.min(places - low - 1, Math.max(-low, v)));
      return line ? [(x + low) * 2 / places - 1, x + low] : [x / low, y / low];
    }

    /** Show where one draws by key. */
    mark() {
      const [x, y] = this.spot();
      const canvas = this.$('.picture');
      if (this.drawing === 'drawn') draw.mark(draw.along(x), canvas.clientHeight * 0.4, draw.along(2 / this.state.drawn.length) - draw.along(0), canvas.clientHeight * 0.6 - 44);
      else draw.mark(draw.across(x) - 5, draw.up(y) - 5, 10, 10);
    }

    /** @param {PointerEvent} event */
    paint({ type, offsetX, offsetY, pointerId }) {
      const { drawing, state: { drawn } } = this;
      const canvas = this.$('.picture');
      const { clientWidth: width, clientHeight: height } = canvas;
      const down = type === 'pointerdown';
      if (drawing === 'points' && down) {
        const [x, y] = [(offsetX - width / 2) / height, 0.5 - offsetY / height].map((v) => +(2 * v * REACH).toFixed(2));
        if (Math.abs(x) <= REACH) this.change({ drawn: [...drawn, x, y] });
      }
      if (drawing !== 'drawn') return;
      if (down) {
        canvas.setPointerCapture(pointerId);
        this.strokes = [...drawn];
      }
      if (!this.strokes) return;
      const bin = Math.floor((((((offsetX - 30) / (width - 38)) * 2 - 1) * REACH + 1) / 2) * drawn.length);
      if (bin in this.strokes) this.strokes[bin] = share((height - 44 - offsetY) / (height * 0.6 - 44));
      if (type === 'pointermove' || down) return;
      this.change({ drawn: this.strokes });
      this.strokes = undefined;
    }

    /** @param {KeyboardEvent} event */
    key(event) {
      const { drawing, state: { drawn } } = this;
      const line = drawing === 'drawn';
      if (!line && drawing !== 'points') return;
      const order = ['ArrowLeft', 'ArrowRight', 'ArrowDown', 'ArrowUp', 'Enter', 'Backspace'].indexOf(event.key);
      const up = order % 2 * 2 - 1;
      if (order < 0 || line && order > 3) return;
      event.preventDefault();
      const at = this.spot().map((v) => +v.toFixed(2));
      if (order < (line ? 2 : 4)) this.cursor[+(order > 1)] += up;
      else if (this.change({ drawn: line ? drawn.map((h, i) => i === at[1] ? share(h + up / 10) : h) : order > 4 ? drawn.slice(0, -2) : [...drawn, ...at] })) return;
      this.draw();
      const [x, y] = this.spot();
      const now = this.state.drawn;
      this.tell(say(line ? 'bin' : 'point', number(x, 2), line ? now[y] : number(y, 2), now.length / 2));
    }
  }

  customElements.define('gan-playground', GanPlayground);
};

/** A height from 0 to 1 that is short to write. @param {number} v */
const share = (v) => +Math.min(1, Math.max(0, v)).toFixed(2);
