import { css, html, LitElement, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";

import type { Installations, Package } from "./api";
import * as format from "./format";
import { depot, Watch } from "./state";
import { shared } from "./styles";
import { t } from "./texts";

/** Who has a package installed, as far as Home Assistant has told. */
@customElement("ota-installations-card")
export class InstallationsCard extends LitElement {
  static override styles = [
    shared,
    css`
      .devices {
        max-height: 320px;
        overflow-y: auto;
        overflow-wrap: anywhere;
      }
      .devices > li {
        padding: 6px 0;
      }
      .devices > li + li {
        border-top: 1px solid var(--line);
      }
    `,
  ];

  @property({ attribute: false }) pack!: Package;
  @state() private found: Installations | null = null;
  #wanted = "";
  #loading = false;

  constructor() {
    super();
    new Watch(this, depot);
  }

  override willUpdate(changed: PropertyValues<this>): void {
    const { id, model, version } = this.pack;
    if (changed.has("pack") && changed.get("pack")?.id !== id) this.found = null;
    // Who has it is told by its model and version, which may be edited.
    const wanted = JSON.stringify([id, model, version, depot.installations]);
    if (wanted === this.#wanted) return;
    this.#wanted = wanted;
    if (!this.#loading) void this.#load();
  }

  override render() {
    const { found } = this;
    return html`<section class="card stack">
      <div class="row">
        <h2 class="grow">${t("installations.title")}</h2>
        ${found?.told ? html`<span class="muted">${format.number(found.devices.length)}</span>` : ""}
      </div>
      ${this.#devices(found)}
    </section>`;
  }

  #devices(found: Installations | null): TemplateResult | string {
    if (found === null) return "";
    if (!found.told) return html`<p class="muted">${t("installations.untold")}</p>`;
    if (found.devices.length === 0) return html`<p class="muted">${t("installations.none")}</p>`;
    return html`<ul class="devices" tabindex="0" aria-label=${t("installations.title")}>
      ${repeat(
        found.devices,
        (device) => device.device_id,
        (device) => html`<li>
          <bdi>${device.name}</bdi>
          ${device.name === device.device_id ? "" : html`<bdi class="small muted">${device.device_id}</bdi>`}
        </li>`,
      )}
    </ul>`;
  }

  /** Load, and once more when something has changed meanwhile: a whole home changes at once. */
  async #load(): Promise<void> {
    this.#loading = true;
    let loaded: string;
    let found: Installations | null;
    do {
      loaded = this.#wanted;
      found = await depot.api.installations(this.pack.id).catch(() => null);
    } while (loaded !== this.#wanted);
    this.#loading = false;
    if (found !== null) this.found = found;
  }
}
