"""The tables of a race, from its runs. As a script: rewrites the page."""

import statistics

import figures

# Conditions of a race: where its figures and its tables are, and which time
# counts. Beside a process that never sleeps steps alternate between two
# lengths, and their median says little.
SECTIONS = {"idle": "races", "amx": "races_amx", "avx2": "races_avx2",
            "busy": "races_busy", "busy amx": "races_busy_amx"}
MARKERS = {"idle": "race", "amx": "race amx", "avx2": "race avx2",
           "busy": "race busy", "busy amx": "race busy amx"}
TIMES = {"idle": "median_ms", "amx": "median_ms", "avx2": "median_ms",
         "busy": "mean_ms", "busy amx": "mean_ms"}
# What a condition is where the processor has matrix registers.
WITH_AMX = {"idle": "amx", "busy": "busy amx"}

# Minutes for 50 epochs, as stated by the Keras project these systems are from.
DOCUMENT = {"dense": 5.49, "conv-discriminator": 12.42, "all-conv": 19.32}


def rows(runs, time="median_ms"):
    """Medians of a time by peer and precision, the fastest first."""
    groups = {}
    for x in runs:
        groups.setdefault((x["peer"], x["precision"]), []).append(x)
    result = []
    for (peer, precision), found in groups.items():
        times = sorted(x[time] for x in found)
        median = statistics.median(times)
        result.append({
            "peer": peer, "precision": precision, "runs": len(times),
            "median_ms": median, "fastest_ms": times[0],
            "slowest_ms": times[-1],
            "images_per_second": round(found[0]["batch"] / median * 1000, 1),
            "peak_rss_mib": max(x["peak_rss_mib"] for x in found),
            "version": found[0].get("version", "")})
    return sorted(result, key=lambda x: x["median_ms"])


def duel(race, precisions, time="median_ms"):
    """Ours and the best peer in any of `precisions`, and the ratio.

    The ratio is the median over the peer's runs, each to the run of ours just
    before it: the machine's speed may change between rounds.
    """
    found = [x for x in race["rows"] if x["precision"] in precisions]
    ours = [x for x in found if x["peer"] == "ganymede"]
    peers = [x for x in found if x["peer"] != "ganymede"]
    if not ours or not peers:
        return None
    ours, peer = ours[0], peers[0]
    before, pairs = None, []
    for x in race["runs"]:
        if same(x, ours):
            before = x[time]
        elif same(x, peer) and before:
            pairs.append(x[time] / before)
    medians = peer["median_ms"] / ours["median_ms"]
    return ours, peer, statistics.median(pairs) if pairs else medians, pairs


def same(a, b):
    return (a["peer"], a["precision"]) == (b["peer"], b["precision"])


def time(row):
    """A median with its spread and its number of runs."""
    return (f"{row['median_ms']:.2f} ({row['fastest_ms']:.2f} to "
            f"{row['slowest_ms']:.2f}; {row['runs']})")


def against_best(races, time_of="median_ms"):
    lines = []
    for preset, race in races.items():
        for label, precisions in (("any", ("f32", "bf16")), ("f32", ("f32",))):
            found = duel(race, precisions, time_of)
            if not found:
                continue
            ours, peer, ratio, pairs = found
            spread = (f" ({min(pairs):.2f} to {max(pairs):.2f})"
                      if pairs else "")
            lines.append([
                f"`{preset}`", str(race["batch"]), label,
                f"**{ours['precision']}** {time(ours)}",
                f"{peer['peer']} {peer['precision']} {time(peer)}",
                f"**{ratio:.2f}**{spread}",
                f"{ours['images_per_second']:,.0f}"])
    return figures.table(
        ["preset", "batch", "precision", "ours, ms a step",
         "best peer, ms a step", "ratio", "our images/s"], lines)


def memory(races):
    lines = []
    for preset, race in races.items():
        ours = [x for x in race["rows"] if x["peer"] == "ganymede"]
        peers = [x for x in race["rows"] if x["peer"] != "ganymede"]
        if not ours or not peers:
            continue
        lean = min(peers, key=lambda x: x["peak_rss_mib"])
        most = max(x["peak_rss_mib"] for x in ours)
        lines.append([f"`{preset}`", f"{most:.0f}",
                      f"{lean['peer']} {lean['precision']}",
                      f"{lean['peak_rss_mib']:.0f}",
                      f"{lean['peak_rss_mib'] / most:.1f}"])
    return figures.table(["preset", "ours, MiB", "leanest peer", "MiB",
                          "ratio"], lines)


def document(races):
    lines = []
    for preset, minutes in DOCUMENT.items():
        ours = [x for x in races.get(preset, {}).get("rows", [])
                if x["peer"] == "ganymede"]
        if ours:
            here = [f"{x['precision']} {x['median_ms'] * 6.4 / 60:.2f} min"
                    for x in ours]
            lines.append([f"`{preset}`", f"{minutes} min", ", ".join(here)])
    return figures.table(["preset", "the document", "6,400 of our medians"],
                         lines)


def everything(races):
    lines = []
    for preset, race in races.items():
        ours = [x for x in race["rows"] if x["peer"] == "ganymede"]
        for x in race["rows"]:
            name = f"{x['peer']} {x['precision']}"
            if x["peer"] == "ganymede":
                name = f"**{name}**"
            ratio = (f"{x['median_ms'] / ours[0]['median_ms']:.2f}" if ours
                     else "")
            lines.append([
                f"`{preset}`", name, time(x), ratio,
                f"{x['images_per_second']:,.0f}", f"{x['peak_rss_mib']:.0f}"])
        for x in race["missing"]:
            lines.append([f"`{preset}`", f"{x['peer']} {x['precision']}",
                          x["reason"], "", "", ""])
    return figures.table(["preset", "", "ms a step", "to our best",
                          "images/s", "peak memory, MiB"], lines)


def conditions(races):
    """Where and when: one line for all presets measured alike."""
    groups = {}
    for preset, x in races.items():
        versions = sorted({f"{r['peer'].split('-')[0]} {r['version']}"
                           for r in x["rows"] if r["version"]})
        key = (f"measured on {x['date']}; {x['machine']}; {x['threads']} "
               f"threads; ganymede {x['version']}, {', '.join(versions)}.")
        groups.setdefault(key, []).append(f"`{preset}`")
    return "\n\n".join(f"{', '.join(names)}: {text}"
                       for text, names in groups.items())


def slowdown(races):
    """Our step beside a busy process, and the same step alone, in turns."""
    lines = []
    for preset, race in races.items():
        ours = [x for x in race["rows"] if x["peer"] == "ganymede"]
        idle = {precision: statistics.median(times)
                for precision, times in race["alone"].items() if times}
        for x in ours:
            if x["precision"] not in idle:
                continue
            late = statistics.median(
                r["p95_ms"] / r["median_ms"] for r in race["runs"]
                if same(r, x))
            lines.append([
                f"`{preset}` {x['precision']}", f"{idle[x['precision']]:.2f}",
                f"{x['median_ms']:.2f}",
                f"{x['median_ms'] / idle[x['precision']]:.2f}",
                f"{late:.2f}"])
    return figures.table(["", "alone, ms", "beside it, ms", "ratio",
                          "95 % / median"], lines)


def page(races, condition="idle"):
    """The text between the page's markers."""
    if condition in ("amx", "avx2"):
        return "\n\n".join([conditions(races), against_best(races),
                            everything(races)])
    if condition in ("busy", "busy amx"):
        return "\n\n".join([conditions(races), slowdown(races),
                            against_best(races, TIMES[condition]),
                            everything(races)])
    return "\n\n".join([
        conditions(races),
        "Times are medians of the runs' median steps, in brackets the fastest"
        " and the slowest run and how many there were. A ratio above 1 says "
        "how many times as long the peer's step takes: the median of its "
        "runs, each to the run of ours just before it; in brackets the "
        "smallest and the largest.",
        against_best(races),
        "Peak memory of the process that trains, and of the leanest peer:",
        memory(races),
        "What the Keras project that these come from took for its 50 "
        "epochs (6,400 steps; its machine is not said):",
        document(races),
        "Every contender:", everything(races)])


if __name__ == "__main__":
    for condition, section in SECTIONS.items():
        known = figures.known().get(section)
        if known:
            figures.write(section, known, MARKERS[condition],
                          page(known, condition))
