import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";

import type { Facts, Kind } from "./api";
import { depot } from "./state";
import { shared } from "./styles";
import { t } from "./texts";

/** The fields that a person fills for a package; tells every change as `facts`. */
@customElement("ota-facts-form")
export class FactsForm extends LitElement {
  static override styles = [
    shared,
    css`
      .fields {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 180px), 1fr));
        gap: 14px;
      }
      details {
        margin-top: 14px;
      }
      summary {
        cursor: pointer;
        color: var(--link);
        width: fit-content;
        padding: 4px 0;
      }
      .more {
        display: grid;
        gap: 14px;
        margin-top: 8px;
      }
    `,
  ];

  @property({ attribute: false }) facts!: Facts;
  /** A package keeps its kind for ever. */
  @property({ type: Boolean }) fixed = false;
  @property({ type: Boolean }) open = false;

  override render() {
    const { facts } = this;
    return html`
      <div class="fields">
        ${this.fixed ? "" : this.#kind()}
        <div>
          <label for="model">${t("fields.model")}</label>
          <input
            id="model"
            list="models"
            required
            maxlength="128"
            autocomplete="off"
            .value=${facts.model}
            @input=${this.#on("model")}
          />
          <datalist id="models">${depot.models().map((model) => html`<option value=${model}></option>`)}</datalist>
        </div>
        <div>
          <label for="version">${t("fields.version")}</label>
          <input
            id="version"
            required
            maxlength="256"
            autocomplete="off"
            .value=${facts.version}
            @input=${this.#on("version")}
          />
        </div>
      </div>
      <details ?open=${this.open}>
        <summary>${t("fields.more")}</summary>
        <div class="more">${this.#more()}</div>
      </details>
    `;
  }

  #kind(): TemplateResult {
    const kinds: Kind[] = ["firmware", "software"];
    return html`<div>
      <label for="kind">${t("fields.kind")}</label>
      <select id="kind" .value=${this.facts.kind} @change=${this.#on("kind")}>
        ${kinds.map(
          (kind) => html`<option value=${kind} ?selected=${kind === this.facts.kind}>${t(`kinds.${kind}`)}</option>`,
        )}
      </select>
    </div>`;
  }

  #more(): TemplateResult {
    const { facts } = this;
    return html`
      <div>
        <label for="notes">${t("fields.release_notes")}</label>
        <textarea id="notes" .value=${facts.release_notes ?? ""} @input=${this.#on("release_notes")}></textarea>
      </div>
      <div>
        <label for="sources">${t("fields.source_versions")}</label>
        <input
          id="sources"
          autocomplete="off"
          aria-describedby="sources-help"
          .value=${facts.source_versions.join(", ")}
          @change=${this.#onSources}
        />
        <p id="sources-help" class="small muted">${t("fields.source_versions_help")}</p>
      </div>
      <div>
        <label for="info">${t("fields.custom_info")}</label>
        <input
          id="info"
          maxlength="4096"
          autocomplete="off"
          aria-describedby="info-help"
          .value=${facts.custom_info ?? ""}
          @input=${this.#on("custom_info")}
        />
        <p id="info-help" class="small muted">${t("fields.custom_info_help")}</p>
      </div>
    `;
  }

  #on(field: "kind" | "model" | "version" | "release_notes" | "custom_info") {
    return (event: Event): void => {
      const { value } = event.target as HTMLInputElement;
      this.#tell({ [field]: value });
    };
  }

  #onSources(event: Event): void {
    const versions = (event.target as HTMLInputElement).value.split(/[,;\n]/).map((version) => version.trim());
    this.#tell({ source_versions: versions.filter((version) => version !== "") });
  }

  #tell(changes: Partial<Facts>): void {
    this.dispatchEvent(new CustomEvent<Partial<Facts>>("facts", { detail: changes }));
  }
}
