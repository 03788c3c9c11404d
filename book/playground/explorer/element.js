// The element <latent-explorer>: a word, drawn by a generator and by the font that it learnt from.
import { capitals, MOST, REACH, read, USUAL, whole, write } from './address.js';
import { distance, SIDE, STYLE, unpack } from './letters.js';
import css from './style.css';
import { words } from './words.js';

/** @typedef {import('./address.js').State} State */

const SMALLEST = 2.5; // a letter's pixel on the page: below it the word goes on in a further line
const LARGEST = 7;

const slider = (/** @type {string} */ name) => {
  const [low, high] = /** @type {any} */ (words.ends)[name];
  return `<label><span>${name} <b class="${name}"></b></span><small>${low}</small><input name="${name}" type="range" min="${-REACH}" max="${REACH}" step="0.01" aria-label="${name}"><small>${high}</small></label>`;
};
const row = (/** @type {string} */ name, /** @type {string} */ what) => `<p class="${name}">${what}</p><canvas class="${name}" role="img"></canvas>`;

const page = () => `<style>${css}</style><slot></slot><section aria-label="${words.name}">
<div class="bar"><label>${words.word} <input name="word" size="${MOST}" autocomplete="off" autocapitalize="characters" spellcheck="false"></label><button></button></div>
<div class="rows">${row('fake', words.fake)}${row('real', words.real)}</div>
<div class="style">${STYLE.map(slider).join('')}</div>
<p class="numbers"></p><p class="words" role="status"></p></section>`;

export const define = () => {
  class LatentExplorer extends HTMLElement {
    /** @type {State} */ state = USUAL;
    /** @type {import('./letters.js').Letters|undefined} */ letters;
    /** @type {AbortController|undefined} ends all listening when the element goes */ life;
    /** @type {number[]} the style that the sliders name */ named = [];
    off = NaN; // how far the generator's word is from the font's

    /** @param {string} selector @returns {any} */
    $(selector) {
      return /** @type {ShadowRoot} */ (this.shadowRoot).querySelector(selector);
    }

    connectedCallback() {
      const root = this.shadowRoot || this.attachShadow({ mode: 'open' });
      root.innerHTML = page();
      const { signal } = this.life = new AbortController();
      const on = (/** @type {EventTarget} */ place, /** @type {string} */ event, /** @type {(e: any) => void} */ then) =>
        place.addEventListener(event, then, { signal });
      on(root, 'input', (e) => this.choose(e.target));
      on(root, 'change', () => this.settle());
      on(this.$('button'), 'click', () => {
        this.another();
        this.settle();
      });
      const redraw = () => requestAnimationFrame(() => this.draw()); // drawing may change the size that is watched
      const watchers = [new MutationObserver(redraw), new ResizeObserver(redraw)];
      watchers[0].observe(document.documentElement, /** @type {any} */ ({ attributeFilter: ['data-theme'] }));
      watchers[1].observe(this.$('.rows'));
      on(signal, 'abort', () => watchers.forEach((watcher) => watcher.disconnect()));

      this.visit(this.getAttribute('state') || '');
      if (!this.hasAttribute('compact')) {
        const goThere = () => location.hash.startsWith('#letters?') && this.visit(location.hash);
        on(window, 'hashchange', () => goThere() && this.scrollIntoView({ block: 'nearest' }));
        goThere();
      }
      unpack(/** @type {any} */ (globalThis).ganLetters).then((letters) => {
        this.letters = letters;
        this.draw();
      }, () => this.replaceWith(words.old, ...this.children));
    }

    disconnectedCallback() {
      this.life?.abort();
    }

    /** Go where an address says. @param {string} address */
    visit(address) {
      let excuse = '';
      let state = USUAL;
      try {
        state = read(address);
      } catch (error) {
        excuse = words.address + /** @type {Error} */ (error).message;
      }
      this.show(state);
      this.tell(excuse, !!excuse);
      return true;
    }

    /** Take a state, show it in the fields and draw it. @param {State} state @param {any} [source] the field that it comes from */
    show(state, source) {
      const { seed, ...shown } = this.state = whole(state);
      for (const [name, value] of Object.entries(shown)) {
        const field = this.$(`[name=${name}]`);
        if (field !== source) field.value = value;
        field.ariaInvalid = 'false';
      }
      this.$('button').textContent = words.another(seed);
      this.draw();
    }

    /** Go to the z of the next seed. */
    another() {
      const { letters, state } = this;
      if (!letters) return;
      const [weight, width, slant] = letters.steps(state.seed);
      this.show({ ...state, weight, width, slant, seed: (state.seed + 1) % 2 ** 32 });
    }

    /** A field has changed: draw what makes sense, and say what does not. @param {any} field */
    choose(field) {
      const { name, value } = field;
      try {
        this.show({ ...this.state, [name]: name === 'word' ? capitals(value) : +value }, field);
        this.tell('');
      } catch (error) {
        field.ariaInvalid = 'true';
        this.tell(/** @type {Error} */ (error).message + words.stays, true);
      }
    }

    /** The reader rests: put the state into the address, and say what is seen. */
    settle() {
      if (this.shadowRoot?.querySelector('[aria-invalid=true]')) return;
      if (!this.hasAttribute('compact')) history.replaceState(history.state, '', write(this.state));
      if (this.letters) this.tell(words.state(this.state.word, this.named, this.off));
    }

    /** Say something, aloud too. @param {string} text */
    tell(text, bad = false) {
      const place = this.$('.words');
      place.textContent = text;
      place.classList.toggle('bad', bad);
    }

    draw() {
      const { letters, state: { word, weight, width, slant } } = this;
      if (!letters) return;
      const steps = [weight, width, slant];
      const z = letters.steer(steps);
      this.named = letters.style(steps);
      const [fake, real] = [letters.draw(word, z), letters.font(word, this.named)];
      this.off = distance(fake, real);
      STYLE.forEach((name, k) => {
        this.$(`b.${name}`).textContent = this.$(`[name=${name}]`).ariaValueText = words.style(this.named[k]);
      });
      paint(this.$('canvas.fake'), fake, words.drawn(word));
      paint(this.$('canvas.real'), real, words.true_(word));
      this.$('.numbers').textContent = words.numbers(this.off, z);
    }
  }

  customElements.define('latent-explorer', LatentExplorer);
};

/** Set letters in lines on a canvas, each pixel as large as whole pixels of the screen allow.
 * @param {HTMLCanvasElement} canvas @param {Float32Array} x (letters, 16, 16), in [-1, 1] @param {string} label */
const paint = (canvas, x, label) => {
  const number = x.length / SIDE ** 2;
  const room = /** @type {HTMLElement} */ (canvas.parentElement).clientWidth * devicePixelRatio;
  let [lines, columns, scale] = [0, number, 0];
  do {
    columns = Math.ceil(number / ++lines);
    scale = Math.floor(Math.min(LARGEST * devicePixelRatio, room / (SIDE * columns))) / devicePixelRatio;
  } while (scale < SMALLEST && columns > 1);
  canvas.width = SIDE * columns;
  canvas.height = SIDE * lines;
  canvas.style.width = `${canvas.width * scale}px`;
  canvas.ariaLabel = label;
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  for (let i = 0; i < number; i++) {
    const image = pen.createImageData(SIDE, SIDE);
    for (let p = 0; p < SIDE ** 2; p++) image.data[4 * p + 3] = (x[i * SIDE ** 2 + p] + 1) * 127.5;
    pen.putImageData(image, SIDE * (i % columns), SIDE * Math.floor(i / columns));
  }
  pen.globalCompositeOperation = 'source-in'; // so far the letters are a mask: now they get ink
  pen.fillStyle = getComputedStyle(canvas).color;
  pen.fillRect(0, 0, canvas.width, canvas.height);
};
