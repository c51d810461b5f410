import { mdiCheck, mdiContentCopy, mdiEye, mdiEyeOff } from "@mdi/js";
import { css, html, LitElement } from "lit";
import { customElement, property, state } from "lit/decorators.js";

import { icon } from "./icons";
import { shared } from "./styles";
import { t } from "./texts";

const SHOWN_FOR = 2000;

/** A line of text with a button that copies it. */
@customElement("ota-copy-line")
export class CopyLine extends LitElement {
  static override styles = [
    shared,
    css`
      .line {
        display: flex;
        align-items: center;
        gap: 4px;
        background: var(--field);
        border-radius: 10px;
        padding: 4px 4px 4px 14px;
      }
      code {
        font: 0.875rem/1.6 "Roboto Mono", ui-monospace, monospace;
        overflow-wrap: anywhere;
        white-space: pre-wrap;
        padding: 6px 0;
      }
    `,
  ];

  @property() value = "";
  @property() name = "";
  @property({ type: Boolean }) secret = false;
  @state() private copied = false;
  @state() private shown = false;

  override render() {
    const hidden = this.secret && !this.shown;
    return html`
      <div class="line">
        <code class="grow">${hidden ? "•".repeat(24) : this.value}</code>
        ${this.secret
          ? html`<button
              class="round"
              aria-pressed=${this.shown ? "true" : "false"}
              aria-label=${t("copy.show", { name: this.name })}
              @click=${() => (this.shown = !this.shown)}
            >
              ${icon(this.shown ? mdiEyeOff : mdiEye)}
            </button>`
          : ""}
        <button class="round" aria-label=${t("copy.copy", { name: this.name })} @click=${this.#copy}>
          ${icon(this.copied ? mdiCheck : mdiContentCopy)}
        </button>
        <span class="visually-hidden" role="status">${this.copied ? t("copy.copied") : ""}</span>
      </div>
    `;
  }

  async #copy(): Promise<void> {
    if (navigator.clipboard) await navigator.clipboard.writeText(this.value);
    else this.#copyWithoutClipboard();
    this.copied = true;
    setTimeout(() => (this.copied = false), SHOWN_FOR);
  }

  /** Over plain HTTP browsers offer no other way. */
  #copyWithoutClipboard(): void {
    const area = document.createElement("textarea");
    area.value = this.value;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}
