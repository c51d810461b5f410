import { mdiKeyVariant } from "@mdi/js";
import { css, html, LitElement, nothing } from "lit";
import { customElement, query, state } from "lit/decorators.js";

import { explain } from "./errors";
import { icon } from "./icons";
import { notice } from "./notice";
import { depot, Watch } from "./state";
import { shared } from "./styles";
import { t } from "./texts";

/** Asks for the API key where the page is not shown by Home Assistant. */
@customElement("ota-key-prompt")
export class KeyPrompt extends LitElement {
  static override styles = [
    shared,
    css`
      form {
        max-width: 440px;
        margin: 8vh auto 0;
      }
      .sign {
        display: grid;
        place-items: center;
        width: 56px;
        height: 56px;
        border-radius: 50%;
        background: var(--primary-soft);
        color: var(--link);
        margin: 0 auto;
      }
      h1 {
        text-align: center;
      }
      button {
        width: 100%;
      }
    `,
  ];

  @state() private busy = false;
  @query("input") private readonly input!: HTMLInputElement;

  constructor() {
    super();
    new Watch(this, depot);
  }

  override firstUpdated(): void {
    this.input.focus();
  }

  override render() {
    return html`<form class="card stack" @submit=${this.#unlock}>
      <div class="sign">${icon(mdiKeyVariant)}</div>
      <h1>${t("key.title")}</h1>
      ${depot.refusal ? notice(explain(depot.refusal)) : nothing}
      <div>
        <label for="key">${t("key.label")}</label>
        <input id="key" type="password" required autocomplete="current-password" aria-describedby="key-help" />
      </div>
      <p id="key-help" class="small muted">${t("key.help", { command: "mqtt-ota api-key" })}</p>
      <button class="primary" type="submit" ?disabled=${this.busy}>${t("key.open")}</button>
    </form>`;
  }

  async #unlock(event: Event): Promise<void> {
    event.preventDefault();
    const key = this.input.value.trim();
    if (key === "") return;
    this.busy = true;
    await depot.unlock(key);
    this.busy = false;
  }
}
