import { mdiCheckCircleOutline, mdiClose, mdiFileOutline, mdiUpload } from "@mdi/js";
import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";

import type { Facts } from "./api";
import "./facts-form";
import * as format from "./format";
import { icon } from "./icons";
import { notice } from "./notice";
import { linkTo } from "./route";
import { Watch } from "./state";
import { shared } from "./styles";
import { t } from "./texts";
import { uploads, type Upload } from "./uploads";

/** One file that was chosen: what it is, its fields, its way into the depot. */
@customElement("ota-upload-card")
export class UploadCard extends LitElement {
  static override styles = [
    shared,
    css`
      .card {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: 14px;
      }
      .head {
        display: flex;
        gap: 12px;
        align-items: center;
      }
      .end {
        justify-content: flex-end;
      }
      .numbers {
        font-variant-numeric: tabular-nums;
      }
    `,
  ];

  @property({ attribute: false }) upload!: Upload;

  constructor() {
    super();
    new Watch(this, uploads);
  }

  override render() {
    const { upload } = this;
    const editing = upload.stage === "draft" || upload.stage === "failed";
    return html`<article class="card" aria-label=${upload.file.name}>
      <div class="head">
        ${icon(upload.stage === "done" ? mdiCheckCircleOutline : mdiFileOutline)}
        <div class="grow">
          <div class="text"><bdi>${upload.file.name}</bdi></div>
          <div class="small muted text">${this.#about()}</div>
        </div>
        <button
          class="round"
          aria-label=${t(upload.stage === "done" ? "upload.dismiss" : "upload.cancel", { name: upload.file.name })}
          @click=${() => uploads.remove(upload)}
        >
          ${icon(mdiClose)}
        </button>
      </div>
      ${this.#alerts()} ${editing ? this.#form() : this.#progress()}
    </article>`;
  }

  #about(): string {
    const { file, header } = this.upload;
    const parts = [format.bytes(file.size)];
    if (header && header.format !== "unknown") parts.push(t(`formats.${header.format}` as "formats.esp"));
    if (header?.chip) parts.push(header.chip);
    if (header?.framework) parts.push(t("header.framework", { version: header.framework }));
    if (header?.built) parts.push(t("header.built", { when: header.built }));
    if (header?.secure_version) parts.push(t("header.secure_version", { version: header.secure_version }));
    return parts.join(" · ");
  }

  #alerts(): TemplateResult | string {
    const { upload } = this;
    if (upload.file.size === 0) return notice(t("upload.empty"));
    if (upload.conflict) return notice(upload.conflict);
    if (upload.error) return notice(upload.error);
    if (upload.header?.format === "esp_factory") return notice(t("upload.factory"), "warning");
    return "";
  }

  #form(): TemplateResult {
    const { upload } = this;
    return html`
      <ota-facts-form
        .facts=${upload.facts}
        @facts=${(event: CustomEvent<Partial<Facts>>) => uploads.edit(upload, event.detail)}
      ></ota-facts-form>
      <div class="row end">
        <button
          class="primary"
          ?disabled=${!upload.ready}
          @click=${() => uploads.start(upload)}
        >
          ${icon(mdiUpload)} ${t(upload.stage === "failed" ? "upload.again" : "upload.start")}
        </button>
      </div>
    `;
  }

  #progress(): TemplateResult {
    const { upload } = this;
    const name = `${upload.facts.model} ${upload.facts.version}`;
    if (upload.stage === "done") {
      return html`<p role="status">
        ${t("upload.done")} <a class="text" href=${linkTo("package", upload.result?.id)}><bdi>${name}</bdi></a>
      </p>`;
    }
    if (upload.stage === "reading" || upload.stage === "waiting") {
      return html`<p class="muted">${t(`upload.${upload.stage}`)}</p>`;
    }
    return html`<div>
      <progress max=${upload.file.size} .value=${upload.sent} aria-label=${t("upload.progress", { name })}></progress>
      <p class="small muted numbers">${upload.stage === "storing" ? t("upload.storing") : this.#speed()}</p>
    </div>`;
  }

  #speed(): string {
    const { file, sent, rate } = this.upload;
    const parts = [format.percent(sent / file.size)];
    if (rate > 0) parts.push(format.rate(rate), t("upload.left", { time: format.duration((file.size - sent) / rate) }));
    return parts.join(" · ");
  }
}
