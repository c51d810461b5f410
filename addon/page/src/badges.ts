import { mdiApplicationCogOutline, mdiChip, mdiDownload, mdiPause } from "@mdi/js";
import { html, type TemplateResult } from "lit";

import type { Package } from "./api";
import * as format from "./format";
import { icon } from "./icons";
import { depot } from "./state";
import { t } from "./texts";

/** Draw what tells a package's state: withdrawn, being downloaded. */
export function badges(pack: Package): TemplateResult {
  const running = depot.transfersOf(pack.id).filter((transfer) => transfer.active).length;
  return html`
    ${running
      ? html`<span class="badge">${icon(mdiDownload)}${t("packages.downloading", { count: format.number(running) })}</span>`
      : ""}
    ${pack.withdrawn ? html`<span class="badge off">${icon(mdiPause)}${t("packages.withdrawn")}</span>` : ""}
  `;
}

export function kindIcon(pack: Package): TemplateResult {
  return icon(pack.kind === "firmware" ? mdiChip : mdiApplicationCogOutline);
}
