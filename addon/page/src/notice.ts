import { mdiAlertCircleOutline } from "@mdi/js";
import { html, type TemplateResult } from "lit";

import { icon } from "./icons";

/** Say what is wrong, or with `warning` what may be. */
export function notice(text: string, kind: "" | "warning" = ""): TemplateResult {
  return html`<div class="alert ${kind}" role="alert">${icon(mdiAlertCircleOutline)}<span>${text}</span></div>`;
}
