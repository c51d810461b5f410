import { mdiDownloadOutline } from "@mdi/js";
import { css, html, LitElement } from "lit";
import { customElement } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";

import type { Transfer } from "./api";
import { icon } from "./icons";
import { depot, Watch } from "./state";
import { shared } from "./styles";
import { t } from "./texts";
import "./transfer-row";

/** All downloads, those that run first. */
@customElement("ota-downloads-view")
export class DownloadsView extends LitElement {
  static override styles = [
    shared,
    css`
      li + li {
        border-top: 1px solid var(--line);
        margin-top: 16px;
        padding-top: 16px;
      }
      .empty {
        text-align: center;
        padding: 48px 16px;
      }
      .empty svg.icon {
        width: 48px;
        height: 48px;
        margin: 0 auto 12px;
        color: var(--muted);
      }
    `,
  ];

  constructor() {
    super();
    new Watch(this, depot);
  }

  override render() {
    const transfers = [...depot.transfers.values()].sort(byLife);
    return html`<div class="stack">
      <h1 tabindex="-1">${t("downloads.title")}</h1>
      ${transfers.length === 0
        ? html`<div class="card empty">${icon(mdiDownloadOutline)}<p class="muted">${t("downloads.none")}</p></div>`
        : html`<ul class="card">
            ${repeat(
              transfers,
              (transfer) => transfer.grant_id,
              (transfer) => html`<li><ota-transfer-row named .transfer=${transfer}></ota-transfer-row></li>`,
            )}
          </ul>`}
    </div>`;
  }
}

/** Order by: running, interrupted, not begun, complete; the latest news first. */
export function byLife(one: Transfer, other: Transfer): number {
  const rank = (transfer: Transfer): number =>
    transfer.complete ? 3 : transfer.active ? 0 : transfer.started_at ? 1 : 2;
  return rank(one) - rank(other) || (other.updated_at ?? "").localeCompare(one.updated_at ?? "");
}
