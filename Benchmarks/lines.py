"""Draws the curves of scale.py as an SVG."""

from math import log2

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 420, 300, 52, 40, 12, 46
COLOURS = {"dcgan": "#1f6fb4", "dense": "#c8551b"}
TITLES = {"batch": "by images in a batch", "side": "by the images' side"}
TOPMOST = 2.0


def picture(curves):
    """A panel by batch and one by side, with a darker grid line at 1."""
    most = max([TOPMOST] + [p["relative"] for x in curves for p in x["points"]])
    panels = [panel([x for x in curves if x["axis"] == axis], axis, most,
                    index * WIDTH) for index, axis in enumerate(TITLES)]
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{2 * WIDTH}" '
        f'height="{HEIGHT}" viewBox="0 0 {2 * WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="12" fill="#222">',
        f'<rect width="{2 * WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        *panels, "</svg>", ""])


def panel(curves, axis, most, offset):
    values = [p[axis] for p in curves[0]["points"]]
    low, high = log2(values[0]), log2(values[-1])

    def x(value):
        inner = WIDTH - LEFT - RIGHT
        return offset + LEFT + (log2(value) - low) / (high - low) * inner

    def y(value):
        return HEIGHT - BOTTOM - value / most * (HEIGHT - TOP - BOTTOM)

    parts = [text(offset + LEFT, 20, f"Time per multiply-add {TITLES[axis]}, "
                  "smallest = 1", "start")]
    for tick in range(int(most / 0.5) + 1):
        value = tick * 0.5
        parts += [rule(x(values[0]), y(value), x(values[-1]), y(value),
                       "#888" if value == 1 else "#ddd"),
                  text(offset + LEFT - 8, y(value) + 4, f"{value:.1f}", "end")]
    parts += [text(x(value), HEIGHT - BOTTOM + 18, str(value), "middle")
              for value in values]
    for curve in curves:
        colour = COLOURS.get(curve["preset"], "#555")
        dashes = ' stroke-dasharray="6 4"' if curve["threads"] == 1 else ""
        points = " ".join(f"{x(p[axis]):.1f},{y(p['relative']):.1f}"
                          for p in curve["points"])
        parts.append(f'<polyline points="{points}" fill="none" '
                     f'stroke="{colour}" stroke-width="2"{dashes}/>')
        parts += [f'<circle cx="{x(p[axis]):.1f}" cy="{y(p["relative"]):.1f}"'
                  f' r="3" fill="{colour}"/>' for p in curve["points"]]
    return "\n".join(parts + legend(curves, offset))


def legend(curves, offset):
    parts, at = [], offset + LEFT
    for curve in curves:
        colour = COLOURS.get(curve["preset"], "#555")
        dashes = ' stroke-dasharray="6 4"' if curve["threads"] == 1 else ""
        parts += [f'<line x1="{at}" y1="{HEIGHT - 10}" x2="{at + 20}" '
                  f'y2="{HEIGHT - 10}" stroke="{colour}" '
                  f'stroke-width="2"{dashes}/>',
                  text(at + 24, HEIGHT - 6, f"{curve['preset']} "
                       f"{curve['threads']}", "start")]
        at += 78
    return parts + [text(at, HEIGHT - 6, "(threads)", "start")]


def text(x, y, words, anchor):
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{words}'
            "</text>")


def rule(x1, y1, x2, y2, colour):
    return (f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
            f'stroke="{colour}"/>')
