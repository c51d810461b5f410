import {
  mdiArrowLeft,
  mdiDeleteOutline,
  mdiPackageVariantRemove,
  mdiPauseCircleOutline,
  mdiPencilOutline,
  mdiPlayCircleOutline,
} from "@mdi/js";
import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { guard } from "lit/directives/guard.js";
import { repeat } from "lit/directives/repeat.js";

import type { Changes, Facts, ImageHeader, Package } from "./api";
import { badges } from "./badges";
import "./copy-line";
import { byLife } from "./downloads-view";
import { explain } from "./errors";
import "./facts-form";
import * as format from "./format";
import { icon } from "./icons";
import "./installations-card";
import { markdown } from "./markdown";
import { notice } from "./notice";
import { linkTo } from "./route";
import { depot, Watch } from "./state";
import { shared } from "./styles";
import { t } from "./texts";
import "./transfer-row";

const UNDO_SECONDS = 10;

/** Everything about one package, and what can be done with it. */
@customElement("ota-package-view")
export class PackageView extends LitElement {
  static override styles = [
    shared,
    css`
      .columns {
        display: grid;
        gap: 16px;
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 380px), 1fr));
        align-items: start;
      }
      .back {
        width: fit-content;
        display: inline-flex;
        gap: 6px;
        align-items: center;
        text-decoration: none;
        min-height: 32px;
      }
      dl {
        display: grid;
        gap: 14px;
      }
      dt {
        font-size: 0.875rem;
        color: var(--muted);
      }
      dd {
        overflow-wrap: anywhere;
      }
      .mono {
        font: 0.8125rem/1.5 "Roboto Mono", ui-monospace, monospace;
      }
      .notes :first-child {
        margin-top: 0;
      }
      .notes :is(p, ul, ol, pre, blockquote, table) {
        margin: 0 0 12px;
      }
      .notes :is(ul, ol) {
        padding-left: 24px;
        list-style: revert;
      }
      .notes :is(h3, h4, h5, h6) {
        font-size: 1rem;
        font-weight: 500;
        margin: 16px 0 8px;
      }
      .notes pre,
      .notes code {
        background: var(--field);
        border-radius: 6px;
        font: 0.875rem/1.5 "Roboto Mono", ui-monospace, monospace;
      }
      .notes code {
        padding: 1px 5px;
      }
      .notes pre {
        padding: 12px;
        overflow-x: auto;
      }
      .notes {
        overflow-wrap: anywhere;
        overflow-x: auto;
      }
      .notes td,
      .notes th {
        border: 1px solid var(--line);
        padding: 4px 10px;
      }
      .notes table {
        border-collapse: collapse;
      }
      .list > li + li {
        border-top: 1px solid var(--line);
        margin-top: 14px;
        padding-top: 14px;
      }
      .end {
        justify-content: flex-end;
      }
      .gone {
        text-align: center;
        padding: 48px 16px;
      }
      .gone svg.icon {
        width: 48px;
        height: 48px;
        margin: 0 auto 12px;
        color: var(--muted);
      }
    `,
  ];

  @property() packageId = "";
  @state() private header: ImageHeader | null = null;
  @state() private draft: Facts | null = null;
  @state() private error = "";
  @state() private busy = false;

  constructor() {
    super();
    new Watch(this, depot);
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("packageId")) void this.#loadHeader(this.packageId);
  }

  override render() {
    const pack = depot.packages.get(this.packageId);
    const back = html`<a class="back" href=${linkTo("packages")}>${icon(mdiArrowLeft)} ${t("packages.title")}</a>`;
    if (pack === undefined || pack.remove_at !== null) {
      if (depot.connection !== "open") return nothing;
      return html`<div class="stack">
        ${back}
        <div class="card gone">
          ${icon(mdiPackageVariantRemove)}
          <h1 tabindex="-1">${t("package.gone")}</h1>
        </div>
      </div>`;
    }
    return html`<div class="stack">
      ${back}
      <div class="row">
        <h1 class="grow" tabindex="-1"><bdi>${pack.model}</bdi> <bdi>${pack.version}</bdi></h1>
        ${badges(pack)}
      </div>
      ${this.draft ? nothing : this.#actions(pack)} ${this.error ? notice(this.error) : nothing}
      ${this.draft ? this.#form(pack, this.draft) : nothing}
      <div class="columns">
        <div class="stack">
          ${this.#notes(pack)} ${this.#downloads(pack)}
          <ota-installations-card .pack=${pack}></ota-installations-card>
        </div>
        ${this.#details(pack)}
      </div>
    </div>`;
  }

  #actions(pack: Package): TemplateResult {
    return html`<div class="row">
      <button ?disabled=${this.busy} @click=${() => this.#edit(pack)}>
        ${icon(mdiPencilOutline)} ${t("package.edit")}
      </button>
      <button ?disabled=${this.busy} @click=${() => this.#change(pack, { withdrawn: !pack.withdrawn })}>
        ${pack.withdrawn ? icon(mdiPlayCircleOutline) : icon(mdiPauseCircleOutline)}
        ${t(pack.withdrawn ? "package.restore" : "package.withdraw")}
      </button>
      <button class="danger" ?disabled=${this.busy} @click=${() => this.#remove(pack)}>
        ${icon(mdiDeleteOutline)} ${t("package.delete")}
      </button>
    </div>`;
  }

  #form(pack: Package, draft: Facts): TemplateResult {
    return html`<form class="card stack" aria-label=${t("package.edit")} @submit=${(event: Event) => this.#save(event, pack)}>
      <ota-facts-form
        fixed
        open
        .facts=${draft}
        @facts=${(event: CustomEvent<Partial<Facts>>) => (this.draft = { ...draft, ...event.detail })}
      ></ota-facts-form>
      <div class="row end">
        <button type="button" class="plain" @click=${() => (this.draft = null)}>${t("package.cancel")}</button>
        <button type="submit" class="primary" ?disabled=${this.busy}>${t("package.save")}</button>
      </div>
    </form>`;
  }

  #notes(pack: Package): TemplateResult {
    return html`<section class="card stack">
      <h2>${t("fields.release_notes")}</h2>
      ${pack.release_notes
        ? html`<div class="notes">${guard([pack.release_notes], () => markdown(pack.release_notes ?? ""))}</div>`
        : html`<p class="muted">${t("package.no_notes")}</p>`}
    </section>`;
  }

  #downloads(pack: Package): TemplateResult {
    const transfers = depot.transfersOf(pack.id).sort(byLife);
    return html`<section class="card stack">
      <h2>${t("downloads.title")}</h2>
      ${transfers.length === 0
        ? html`<p class="muted">${t("package.no_downloads")}</p>`
        : html`<ul class="list">
            ${repeat(
              transfers,
              (transfer) => transfer.grant_id,
              (transfer) => html`<li><ota-transfer-row .transfer=${transfer}></ota-transfer-row></li>`,
            )}
          </ul>`}
    </section>`;
  }

  #details(pack: Package): TemplateResult {
    const { header } = this;
    const sources = pack.source_versions.length === 0 ? t("package.any_version") : pack.source_versions.join(", ");
    return html`<section class="card stack">
      <h2>${t("package.details")}</h2>
      <dl>
        ${entry(t("fields.kind"), t(`kinds.${pack.kind}`))} ${entry(t("fields.source_versions"), sources)}
        ${entry(t("fields.size"), t("package.size", { size: format.bytes(pack.size), bytes: format.number(pack.size) }))}
        ${entry(t("fields.file_name"), pack.file_name)} ${entry(t("fields.created_at"), format.date(pack.created_at))}
        ${entry(t("fields.chip"), header?.chip)}
        ${entry(t("fields.format"), header && header.format !== "unknown" ? t(`formats.${header.format}` as "formats.esp") : null)}
        ${entry(t("fields.project"), [header?.name, header?.version].filter(Boolean).join(" "))}
        ${entry(t("fields.framework"), header?.framework)} ${entry(t("fields.built"), header?.built)}
        ${entry(t("fields.secure_version"), header?.secure_version ? format.number(header.secure_version) : null)}
        ${entry(t("fields.custom_info"), pack.custom_info)}
        ${entry("SHA-256", pack.sha256, "mono")} ${entry("MD5", pack.md5, "mono")}
      </dl>
    </section>`;
  }

  async #loadHeader(id: string): Promise<void> {
    this.header = null;
    this.draft = null;
    this.error = "";
    const header = await depot.api.packageHeader(id).catch(() => null);
    if (this.packageId === id) this.header = header;
  }

  #edit(pack: Package): void {
    const { kind, model, version, source_versions, release_notes, custom_info } = pack;
    this.draft = { kind, model, version, source_versions, release_notes, custom_info };
  }

  async #save(event: Event, pack: Package): Promise<void> {
    event.preventDefault();
    if (this.draft === null) return;
    const { kind: _, ...changes } = this.draft;
    if (await this.#change(pack, changes)) this.draft = null;
  }

  async #change(pack: Package, changes: Changes): Promise<boolean> {
    return this.#perform(async () => depot.note(await depot.api.change(pack.id, changes)));
  }

  async #remove(pack: Package): Promise<void> {
    const removed = await this.#perform(async () => depot.note(await depot.api.removeLater(pack.id, UNDO_SECONDS)));
    if (removed) location.hash = linkTo("packages");
  }

  async #perform(action: () => Promise<void>): Promise<boolean> {
    this.busy = true;
    this.error = "";
    try {
      await action();
      return true;
    } catch (error) {
      this.error = explain(error);
      return false;
    } finally {
      this.busy = false;
    }
  }
}

function entry(name: string, value: string | null | undefined, look = ""): TemplateResult | typeof nothing {
  if (!value) return nothing;
  return html`<div><dt>${name}</dt><dd class=${look}><bdi>${value}</bdi></dd></div>`;
}
