import { mdiDownload, mdiKeyChange, mdiLogout } from "@mdi/js";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";

import type { Info, ShownKey } from "./api";
import "./copy-line";
import { explain } from "./errors";
import * as format from "./format";
import { icon } from "./icons";
import { notice } from "./notice";
import { depot, Watch } from "./state";
import { shared } from "./styles";
import { t } from "./texts";

const REFRESHED_EVERY = 15_000;
const PLACE_FOR_KEY = "$DEPOT_API_KEY";

/** How full the depot is, how devices and programs reach it. */
@customElement("ota-depot-view")
export class DepotView extends LitElement {
  static override styles = [
    shared,
    css`
      .columns {
        display: grid;
        gap: 16px;
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 380px), 1fr));
        align-items: start;
      }
      .used {
        font-size: 1.75rem;
        line-height: 1.2;
      }
      dl {
        display: grid;
        grid-template-columns: auto minmax(0, 1fr);
        gap: 8px 16px;
      }
      dd {
        text-align: right;
        font-variant-numeric: tabular-nums;
        overflow-wrap: anywhere;
      }
    `,
  ];

  @state() private key: ShownKey | null = null;
  @state() private renewing = false;
  @state() private hasCertificate = false;
  @state() private error = "";
  #timer = 0;

  constructor() {
    super();
    new Watch(this, depot);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#load();
    this.#timer = window.setInterval(() => void this.#perform(() => depot.refreshInfo()), REFRESHED_EVERY);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.#timer);
  }

  override render() {
    const { info } = depot;
    if (info === null) return nothing;
    return html`<div class="stack">
      <h1 tabindex="-1">${t("depot.title")}</h1>
      ${this.error ? notice(this.error) : nothing}
      <div class="columns">
        <div class="stack">${this.#storage(info)} ${this.#numbers(info)}</div>
        <div class="stack">${this.#address(info)} ${this.#programs(info)}</div>
      </div>
    </div>`;
  }

  #storage({ storage }: Info): TemplateResult {
    const room = storage.used + storage.free;
    return html`<section class="card stack">
      <h2>${t("depot.storage")}</h2>
      <p><span class="used">${format.bytes(storage.used)}</span> <span class="muted">${t("depot.used")}</span></p>
      <progress max=${Math.max(1, room)} .value=${storage.used} aria-label=${t("depot.storage")}></progress>
      <p class="small muted">
        ${t("depot.free", { free: format.bytes(storage.free), total: format.bytes(storage.total) })}
      </p>
    </section>`;
  }

  #address(info: Info): TemplateResult {
    return html`<section class="card stack">
      <h2>${t("depot.address")}</h2>
      <p class="muted small">${t("depot.address_help")}</p>
      <ota-copy-line name=${t("depot.address")} .value=${info.device_url}></ota-copy-line>
      ${info.device_url_check.reachable === false
        ? notice(t("depot.unreachable", { detail: info.device_url_check.detail ?? "" }), "warning")
        : nothing}
      ${this.hasCertificate
        ? html`<div class="stack">
            <p class="muted small">${t("depot.certificate_help")}</p>
            <div class="row">
              <a class="button" href="ca.pem" download>${icon(mdiDownload)} ${t("depot.certificate_pem")}</a>
              <a class="button" href="ca.der" download>${icon(mdiDownload)} ${t("depot.certificate_der")}</a>
            </div>
          </div>`
        : nothing}
    </section>`;
  }

  #programs(info: Info): TemplateResult {
    return html`<section class="card stack">
      <h2>${t("depot.programs")}</h2>
      <p class="muted small">${t("depot.key_help")}</p>
      ${this.key
        ? html`<ota-copy-line secret name=${t("depot.key")} .value=${this.key.api_key}></ota-copy-line>`
        : nothing}
      ${this.#renewal()}
      <p class="muted small">${t("depot.curl_help", { variable: PLACE_FOR_KEY.slice(1) })}</p>
      <ota-copy-line name=${t("depot.curl")} .value=${curlLine(info.device_url, this.hasCertificate)}></ota-copy-line>
      ${depot.api.key === null
        ? nothing
        : html`<div>
            <button @click=${() => depot.lock()}>${icon(mdiLogout)} ${t("key.forget")}</button>
          </div>`}
    </section>`;
  }

  /** The old key ends at once, so the first press only asks. */
  #renewal(): TemplateResult | typeof nothing {
    if (this.key === null || this.key.configured) return nothing;
    if (!this.renewing) {
      return html`<div>
        <button @click=${() => (this.renewing = true)}>${icon(mdiKeyChange)} ${t("key.renew")}</button>
      </div>`;
    }
    return html`<div class="stack">
      ${notice(t("key.renew_help"), "warning")}
      <div class="row">
        <button class="primary" @click=${this.#renew}>${t("key.renew_now")}</button>
        <button class="plain" @click=${() => (this.renewing = false)}>${t("package.cancel")}</button>
      </div>
    </div>`;
  }

  async #renew(): Promise<void> {
    this.renewing = false;
    await this.#perform(async () => {
      this.key = await depot.api.renewKey();
    });
  }

  #numbers({ counts, version, depot_id, max_package_size }: Info): TemplateResult {
    const rows: [string, string][] = [
      [t("depot.version"), version],
      [t("depot.id"), depot_id],
      [t("depot.max_package_size"), format.bytes(max_package_size)],
      [t("depot.connections"), format.number(counts.connections)],
      [t("depot.refused_connections"), format.number(counts.refused_connections)],
      [t("depot.wrong_tokens"), format.number(counts.wrong_tokens)],
      [t("depot.wrong_keys"), format.number(counts.wrong_keys)],
    ];
    return html`<section class="card stack">
      <h2>${t("depot.numbers")}</h2>
      <dl class="small">${rows.map(([name, value]) => html`<dt class="muted">${name}</dt><dd>${value}</dd>`)}</dl>
    </section>`;
  }

  async #load(): Promise<void> {
    await this.#perform(async () => {
      this.key = await depot.api.shownKey();
      this.hasCertificate = await depot.api.hasCertificate();
      await depot.refreshInfo();
    });
  }

  async #perform(action: () => Promise<void>): Promise<void> {
    try {
      await action();
      this.error = "";
    } catch (error) {
      this.error = explain(error);
    }
  }
}

/** Return a command that uploads a package; the key comes from the environment, where CI keeps secrets. */
export function curlLine(base: string, hasCertificate: boolean): string {
  const trust = hasCertificate ? " --cacert ca.pem" : "";
  return (
    `curl --fail-with-body${trust} -H "Authorization: Bearer ${PLACE_FOR_KEY}" ` +
    `-F kind=firmware -F model=weather -F version=1.4.0 -F file=@weather-1.4.0.bin ${base}/api/v1/packages`
  );
}
