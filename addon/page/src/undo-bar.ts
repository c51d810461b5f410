import { mdiUndoVariant } from "@mdi/js";
import { css, html, LitElement } from "lit";
import { customElement, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";

import type { Package } from "./api";
import { explain } from "./errors";
import { icon } from "./icons";
import { depot, Watch } from "./state";
import { shared } from "./styles";
import { t } from "./texts";

/** Offers to keep what is about to be removed; the depot keeps the time, this only shows it. */
@customElement("ota-undo-bar")
export class UndoBar extends LitElement {
  static override styles = [
    shared,
    css`
      :host {
        position: fixed;
        left: 16px;
        right: 16px;
        bottom: calc(16px + env(safe-area-inset-bottom));
        z-index: 3;
        pointer-events: none;
      }
      ul {
        display: grid;
        gap: 8px;
        justify-items: center;
      }
      li {
        pointer-events: auto;
        display: flex;
        gap: 16px;
        align-items: center;
        max-width: 100%;
        padding: 8px 8px 8px 20px;
        border-radius: var(--radius);
        background: #2f3337;
        color: #ffffff;
        box-shadow: 0 6px 24px rgb(0 0 0 / 30%);
      }
      button {
        border-color: transparent;
        color: #7fd6f5;
      }
      button:hover:not(:disabled) {
        background: #43484d;
      }
    `,
  ];

  @state() private error = "";

  constructor() {
    super();
    new Watch(this, depot);
  }

  override render() {
    const going = [...depot.packages.values()].filter((pack) => pack.remove_at !== null);
    return html`<div role="status">
      <ul>
        ${repeat(
          going,
          (pack) => pack.id,
          (pack) => html`<li>
            <span class="text">${this.error || t("undo.deleted", { name: `${pack.model} ${pack.version}` })}</span>
            <button @click=${() => this.#undo(pack)}>${icon(mdiUndoVariant)} ${t("undo.undo")}</button>
          </li>`,
        )}
      </ul>
    </div>`;
  }

  async #undo(pack: Package): Promise<void> {
    try {
      depot.note(await depot.api.change(pack.id, { remove_at: null }));
      this.error = "";
    } catch (error) {
      this.error = explain(error);
    }
  }
}
