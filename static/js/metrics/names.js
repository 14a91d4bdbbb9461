// In which order metrics stand, in which groups, and which are looked for.

const BY_NAME = new Intl.Collator("en", { numeric: true });

/** Those entries whose name has all the words of `text`. */
export function matching(entries, text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return entries.filter(({ key }) => words.every((word) => key.toLowerCase().includes(word)));
}

/** [{prefix, entries}]: the part of the name up to the first slash makes a group. The most important come first. */
export function grouped(entries) {
  const groups = new Map();
  for (const entry of [...entries].sort(byImportance)) {
    const prefix = prefixOf(entry.key);
    if (!groups.has(prefix)) groups.set(prefix, { prefix, entries: [] });
    groups.get(prefix).entries.push(entry);
  }
  return [...groups.values()];
}

function prefixOf(key) {
  const at = key.indexOf("/");
  return at > 0 ? key.slice(0, at + 1) : "";
}

function byImportance(one, other) {
  for (const [at, rank] of one.rank.entries()) if (rank !== other.rank[at]) return rank - other.rank[at];
  return BY_NAME.compare(one.key, other.key);
}
