// What a page looks like, measured in the browser: the value of this script.
(() => {
  for (const details of document.querySelectorAll("details")) details.open = true;
  const luminanceOf = (color) => {
    const [red = 0, green = 0, blue = 0] = (color.match(/[\d.]+/g) ?? []).slice(0, 3).map((part) => {
      const share = Number(part) / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const contrastOf = (one, other) => {
    const [dark = 0, light = 0] = [luminanceOf(one), luminanceOf(other)].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  };
  const backgroundOf = (element) => {
    const color = getComputedStyle(element).backgroundColor;
    if (!color.endsWith(", 0)") && color !== "transparent") return color;
    return element.parentElement === null ? "rgb(255, 255, 255)" : backgroundOf(element.parentElement);
  };
  const nameOf = (element) => `${element.tagName} ${element.className} ${element.textContent?.slice(0, 40)}`;
  const texts = [...document.querySelectorAll("body *")].filter(
    (element) =>
      element.closest("svg") === null &&
      [...element.childNodes].some((node) => node.nodeType === 3 && (node.textContent ?? "").trim() !== ""),
  );
  const svgs = [...document.querySelectorAll("figure svg")];
  const labels = [...document.querySelectorAll("figure svg text")];
  const isOutside = (inner, outer) =>
    inner.left < outer.left - 1 ||
    inner.right > outer.right + 1 ||
    inner.top < outer.top - 1 ||
    inner.bottom > outer.bottom + 1;
  const page = { left: 0, right: innerWidth, top: -Infinity, bottom: Infinity };
  const pieces = [
    ...labels.map((element) => ({
      element,
      outer: element.ownerSVGElement?.getBoundingClientRect() ?? page,
    })),
    ...texts
      .filter((element) => element.closest(".scroll") === null)
      .map((element) => ({ element, outer: page })),
  ];
  const scaleOf = (svg) => (svg === null ? 1 : svg.getBoundingClientRect().width / svg.viewBox.baseVal.width);
  const marksOf = (svg) =>
    [...svg.querySelectorAll("path, rect, circle, line")].filter((mark) => {
      const { width, height } = mark.getBoundingClientRect();
      const { fill, stroke } = getComputedStyle(mark);
      return width + height > 0 && (fill !== "none" || stroke !== "none");
    });
  return {
    overflow: document.documentElement.scrollWidth - innerWidth,
    clipped: pieces
      .filter(({ element, outer }) => isOutside(element.getBoundingClientRect(), outer))
      .map(({ element }) => nameOf(element)),
    small: labels
      .filter(
        (label) => Number.parseFloat(getComputedStyle(label).fontSize) * scaleOf(label.ownerSVGElement) < 9.5,
      )
      .map(nameOf),
    blank: svgs.filter((svg) => marksOf(svg).length < 2).map((svg) => nameOf(svg.closest("figure") ?? svg)),
    faint: [
      ...texts.filter((element) => contrastOf(getComputedStyle(element).color, backgroundOf(element)) < 4.5),
      ...labels.filter((label) => contrastOf(getComputedStyle(label).fill, backgroundOf(label)) < 4.5),
    ].map(nameOf),
    charts: svgs.length,
  };
})();
