"use strict";
/* Light or dark: as the device has it, until somebody touches the switch. That is kept on the device, and the server
 * writes it into the next page, so none comes up in the wrong one first. */
{
  const root = document.documentElement, button = document.getElementById("look");
  const device = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.look ? root.dataset.look === "dark" : device.matches);

  function choose(wanted) {
    const isDevices = (wanted === "dark") === device.matches;
    if (isDevices) delete root.dataset.look;
    else root.dataset.look = wanted;
    const kept = isDevices ? "floor_look=; max-age=0" : `floor_look=${wanted}; max-age=31536000`;
    document.cookie = `${kept}; path=/; samesite=strict`;
  }

  if (button) {
    button.addEventListener("click", () => {
      choose(isDark() ? "light" : "dark");
      button.blur();
    });
    button.hidden = false;
  }
}
