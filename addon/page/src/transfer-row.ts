import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";

import type { Transfer } from "./api";
import * as format from "./format";
import { linkTo } from "./route";
import { depot, Watch } from "./state";
import { shared } from "./styles";
import { t } from "./texts";

/** One device's download: how far it is, how fast, what holds it up. */
@customElement("ota-transfer-row")
export class TransferRow extends LitElement {
  static override styles = [
    shared,
    css`
      .line {
        display: flex;
        justify-content: space-between;
        align-items: baseline;
        gap: 12px;
        margin-bottom: 6px;
      }
      a {
        display: inline-block;
      }
      .numbers {
        font-variant-numeric: tabular-nums;
        margin-top: 4px;
      }
    `,
  ];

  @property({ attribute: false }) transfer!: Transfer;
  @property({ type: Boolean }) named = false;

  constructor() {
    super();
    new Watch(this, depot);
  }

  override render() {
    const { transfer } = this;
    const pack = depot.packages.get(transfer.package_id);
    return html`
      <div class="line">
        <div class="text">
          <strong><bdi>${transfer.device_id}</bdi></strong>
          ${this.named && pack
            ? html`<a class="small" href=${linkTo("package", pack.id)}><bdi>${pack.model} ${pack.version}</bdi></a>`
            : ""}
        </div>
        ${this.#badge()}
      </div>
      <progress
        max=${transfer.size}
        .value=${transfer.bytes_served}
        aria-label=${t("downloads.progress", { device: transfer.device_id })}
      ></progress>
      <p class="small muted numbers">${this.#numbers()}</p>
    `;
  }

  #badge(): TemplateResult {
    const { transfer } = this;
    if (transfer.complete) return html`<span class="badge done">${t("downloads.complete")}</span>`;
    if (transfer.exhausted) return html`<span class="badge bad">${t("downloads.exhausted")}</span>`;
    if (transfer.active) return html`<span class="badge">${t("downloads.active")}</span>`;
    return html`<span class="badge off">${t(transfer.started_at ? "downloads.paused" : "downloads.waiting")}</span>`;
  }

  #numbers(): string {
    const { transfer } = this;
    const speed = transfer.active && !transfer.complete ? depot.rates.of(transfer.grant_id) : 0;
    const parts = [
      format.percent(transfer.bytes_served / transfer.size),
      t("downloads.of", { done: format.bytes(transfer.bytes_served), size: format.bytes(transfer.size) }),
    ];
    if (speed > 0) parts.push(format.rate(speed));
    if (transfer.refusals > 0) parts.push(t("downloads.refusals", { count: format.number(transfer.refusals) }));
    if (transfer.updated_at && !transfer.active) parts.push(format.date(transfer.updated_at));
    return parts.join(" · ");
  }
}
