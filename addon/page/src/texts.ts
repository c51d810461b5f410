import english from "./translations/en.json";

type Texts = typeof english;
type Leaves<T> = T extends string
  ? ""
  : { [K in keyof T & string]: Leaves<T[K]> extends "" ? K : `${K}.${Leaves<T[K]>}` }[keyof T & string];

/** The path of a text; the compiler refuses others. */
export type Key = Leaves<Texts>;

const FALLBACK = "en";
const LANGUAGES = import.meta.glob<unknown>(["./translations/*.json", "!./translations/en.json"], { import: "default" });

let texts: unknown = english;
let language = FALLBACK;

/** Load the first of the person's languages that there is. */
export async function loadTexts(wanted: readonly string[] = navigator.languages): Promise<void> {
  for (const name of wanted.flatMap((tag) => [tag, tag.split("-")[0] ?? tag])) {
    if (name === FALLBACK) break;
    const load = LANGUAGES[`./translations/${name}.json`];
    if (load) {
      texts = await load();
      language = name;
      break;
    }
  }
  document.documentElement.lang = language;
}

/** Return the text of a key, with its placeholders filled. */
export function t(key: Key, values: Record<string, string | number> = {}): string {
  const text = find(texts, key) ?? find(english, key) ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** Return the language for numbers and dates: the person's own region where it fits. */
export function locale(): string {
  return navigator.languages.find((tag) => tag.split("-")[0] === language.split("-")[0]) ?? language;
}

function find(node: unknown, key: string): string | undefined {
  for (const part of key.split(".")) {
    if (typeof node !== "object" || node === null) return undefined;
    node = (node as Record<string, unknown>)[part];
  }
  return typeof node === "string" ? node : undefined;
}
