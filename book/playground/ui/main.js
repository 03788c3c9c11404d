// The bundle is one function. On a page it defines the element; in the worker it serves one.
import { define } from './element.js';
import { serve } from './worker.js';

if (typeof document === 'undefined') {
  const port = /** @type {any} */ (self);
  const receive = serve((message) => port.postMessage(message));
  port.onmessage = (/** @type {MessageEvent} */ event) => receive(event.data);
} else define();
