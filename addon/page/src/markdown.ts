import createPurifier from "dompurify";
import { marked } from "marked";

// What makers write is shown, not run: no scripts, no forms, no styles, and no
// pictures, which would tell another server who reads.
const ALLOWED_TAGS = (
  "a blockquote br code del em h1 h2 h3 h4 h5 h6 hr li ol p pre strong table tbody td th thead tr ul"
).split(" ");
const ALLOWED_ATTR = ["href", "start"];
const FIRST_LEVEL = 3;

const purifier = createPurifier(window);
purifier.addHook("afterSanitizeAttributes", (node) => {
  if (node.nodeName === "A") {
    node.setAttribute("target", "_blank");
    node.setAttribute("rel", "noopener noreferrer nofollow");
  }
});

/** Return release notes as elements that can do no harm. */
export function markdown(source: string): DocumentFragment {
  const dirty = marked.parse(source, { async: false, gfm: true });
  const clean = purifier.sanitize(dirty, {
    ALLOWED_TAGS,
    ALLOWED_ATTR,
    ALLOWED_URI_REGEXP: /^(?:https?|mailto):/i,
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    RETURN_DOM_FRAGMENT: true,
  });
  lowerHeadings(clean);
  return clean;
}

/** The notes stand below a heading of the page: theirs go on from there, without a gap. */
function lowerHeadings(root: DocumentFragment): void {
  const headings = [...root.querySelectorAll("h1, h2, h3, h4, h5, h6")];
  const used = [...new Set(headings.map((heading) => heading.nodeName))].sort();
  for (const heading of headings) {
    const level = Math.min(6, FIRST_LEVEL + used.indexOf(heading.nodeName));
    const lowered = document.createElement(`h${level}`);
    lowered.append(...heading.childNodes);
    heading.replaceWith(lowered);
  }
}
