import { html, svg, type TemplateResult } from "lit";

/** Draw an icon; it is decoration, the text beside it says the same. */
export function icon(path: string): TemplateResult {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">${svg`<path d=${path}></path>`}</svg>`;
}
