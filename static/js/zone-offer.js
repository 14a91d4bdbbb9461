// Proposes the browser's time zone (components/zone_offer.html) if it is another one than pages use. Names that are no
// place, such as Etc/GMT+3, are not offered: the account takes places and UTC.
const offer = document.querySelector("[data-zone-offer]");
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
const isOne = zone === "UTC" || (zone.includes("/") && !zone.startsWith("Etc/"));
if (offer && isOne && zone !== offer.dataset.zoneOffer) {
  const shown = offer.content.firstElementChild.cloneNode(true);
  for (const name of shown.querySelectorAll("[data-zone-name]")) name.textContent = zone;
  shown.querySelector("[data-zone-use]").value = zone;
  offer.after(shown);
}
