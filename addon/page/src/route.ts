export type View = "packages" | "package" | "downloads" | "depot";

export interface Route {
  view: View;
  id: string;
}

/** Return what the address asks for; the part behind # needs no help from any proxy. */
export function currentRoute(): Route {
  const [view = "", id = ""] = location.hash.replace(/^#\/?/, "").split("/");
  if (view === "packages" && id) return { view: "package", id };
  if (view === "downloads" || view === "depot") return { view, id: "" };
  return { view: "packages", id: "" };
}

export function linkTo(view: View, id = ""): string {
  return view === "package" ? `#/packages/${id}` : `#/${view}`;
}
