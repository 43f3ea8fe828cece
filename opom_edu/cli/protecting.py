"""``opom-edu protect`` and ``protect-video``: a person's own files in, protected copies out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from opom_edu.cli.common import app, console, errors, learning, load_measured, note, plain_errors, telling
from opom_edu.cli.options import Device, Eps, FaceFinder, Momentum, Seed, Steps, Transfer

if TYPE_CHECKING:
    from opom_edu.protect import Report, VideoReport

REAL = ("dlib-torch", "mobilefacenet")  # surrogates that learned real faces
CROWD = 200  # synthetic strangers in each search of the report
DISPERSAL = 0.5  # what it costs and brings: benchmarks/linked.py
TOLD = 12  # people whose verdict the console has, too; the report has all
Learn = Annotated[int, typer.Option(min=1, help="faces per person to learn from at the most, the most diverse")]
AlsoOn = Annotated[
    str, typer.Option(help="also measure on these, comma-separated, or none; LIKE=PATH for an ONNX file (doctor tells)")
]
Force = Annotated[bool, typer.Option(help="also take what is protected already")]
LearnedOn = Annotated[
    str, typer.Option("--surrogate", help="learn on these, comma-separated; by default dlib-torch, mobilefacenet")
]
Threshold = Annotated[float | None, typer.Option(help="similarity on the surrogate above which two faces are one person's")]


@app.command("protect")
def protect_photos_command(
    photos: Annotated[
        Path, typer.Argument(help="a folder of one person's photos, or a sub-folder per person; anybody's with --everyone")
    ],
    out: Annotated[Path, typer.Option(help="folder for the copies, the masks and the report")],
    surrogate: LearnedOn = "",
    targets: AlsoOn = "",
    learn: Learn = 10,
    everyone: Annotated[
        bool, typer.Option("--everyone", help="a mask for each face that recurs; correct groups.csv, run again")
    ] = False,
    least: Annotated[int, typer.Option(min=1, help="with --everyone: photos that must show somebody")] = 3,
    strangers: Annotated[bool, typer.Option("--strangers", help="with --everyone: a mask for passers-by, too")] = False,
    disperse: Annotated[bool, typer.Option("--disperse", help="also make protected photos less like one another")] = False,
    jpeg: Annotated[int, typer.Option(min=0, max=100, help="write JPEG of this quality; 0 for lossless PNG")] = 0,
    eps: Eps = "8/255",
    steps: Steps = 16,
    momentum: Momentum = 0.0,
    transfer: Transfer = False,
    threshold: Threshold = None,
    finder: FaceFinder = "mtcnn",
    keep_exif: Annotated[bool, typer.Option(help="keep camera data and place in the copies")] = False,
    force: Force = False,
    seed: Seed = 0,
    device: Device = "cpu",
) -> None:
    """Protect photos: one mask per person, laid into copies at full size. Exit status 1: some photos have no copy.

    Stopped at any time, the same command goes on where it was. Originals are never written to.
    """
    with plain_errors():
        from opom_edu.faces import load_people
        from opom_edu.masks import OPOM
        from opom_edu.protect import protect_folder

        given = learning(eps, steps, momentum, transfer, seed) | {"dispersal": DISPERSAL if disperse else 0.0}
        white_box, others = load_measured(surrogate or at_hand(), targets, device, ("mobilefacenet", "dlib"))
        crowd = load_people("synthetic", count=1, distractors=CROWD).distractors
        with telling("looking for faces") as show:
            found = protect_folder(
                photos, out, method=OPOM(white_box, **given), recognizers=others, learn=learn, threshold=threshold,
                quality=jpeg or None, keep_exif=keep_exif, force=force, finder=finder, everyone=everyone or strangers,
                least=least, strangers=strangers, crowd=crowd, on_progress=show,
            )  # fmt: skip
    _tell_photos(found, out)


@app.command("protect-video")
def protect_video_command(
    video: Annotated[Path, typer.Argument(help="the video; it is never written to")],
    out: Annotated[Path, typer.Option(help="the copy: a file .mp4, .mov or .mkv; the report goes beside it")],
    photos: Annotated[
        Path | None, typer.Option(help="a folder of photos, or one per person, to learn from; protects only them")
    ] = None,
    surrogate: LearnedOn = "",
    targets: AlsoOn = "",
    learn: Learn = 10,
    crf: Annotated[int, typer.Option(min=0, max=51, help="quality of H.264: lower is better and larger")] = 18,
    measure: Annotated[int, typer.Option(min=0, help="faces to measure, from frames evenly spread; 0 for none")] = 300,
    every: Annotated[int, typer.Option(min=1, help="look for faces in every so many frames, follow them between")] = 10,
    eps: Eps = "8/255",
    steps: Steps = 16,
    momentum: Momentum = 0.0,
    transfer: Transfer = False,
    threshold: Threshold = None,
    finder: FaceFinder = "mtcnn",
    force: Force = False,
    seed: Seed = 0,
    device: Device = "cpu",
) -> None:
    """Protect a video: one mask per person for all frames. Exit status 1: parts of the video could not be read.

    The sound is kept as it is. Stopped at any time, no part of a copy is left.
    """
    with plain_errors():
        from opom_edu.masks import OPOM
        from opom_edu.protect import protect_video

        given = learning(eps, steps, momentum, transfer, seed)
        white_box, others = load_measured(surrogate or at_hand(), targets, device, ("mobilefacenet",))
        with telling("following faces") as show:
            found = protect_video(
                video, out, method=OPOM(white_box, **given), photos=photos, recognizers=others, learn=learn, crf=crf,
                every=every, threshold=threshold, measured=measure, finder=finder, force=force, on_progress=show,
            )  # fmt: skip
    _tell_video(found, out)


def at_hand() -> str:
    """The surrogates for photos of real people that are here, comma-separated; says which, if there are two.

    Raises:
        MissingExtraError: if there is none.
    """
    from opom_edu.recognizers import available, load_recognizer

    names = [recognizer.name for recognizer in available(REAL)]
    if len(names) > 1:
        note(f"masks are learned on {' and '.join(names)} together; --surrogate NAME learns on one")
    return ",".join(names) or load_recognizer(REAL[0]).name  # says what to install


def _tell_photos(found: Report, out: Path) -> None:
    from opom_edu.protect.photo_report import verdicts

    for row in found.table[found.table["status"] == "skipped"].to_dict("records"):
        errors.print(f"skipped {row['person']}/{row['photo']}: {row['note']}", style="yellow")
    for line in found.recognizers.to_dict("records"):
        figures = f"{line['before']:.2f}, with random noise {line['noise']:.2f}, protected {line['after']:.2f}"
        console.print(f"{line['recognizer']} ({line['kind']}): similarity {figures}")
    for verdict in verdicts(found)[:TOLD]:
        console.print(f"{verdict['name']}: {verdict['copies']}")
        for sentence in verdict["sentences"]:
            console.print(f"  {sentence}")
    console.print("A recognizer that is not in this list was not asked.")
    console.print(f"Report: {out / 'report.html'}")
    if found.skipped:
        raise typer.Exit(1)


def _tell_video(found: VideoReport, out: Path) -> None:
    from opom_edu.protect.video_report import STAGES

    told = found.facts
    console.print(f"{told['faces']} faces of {', '.join(told['people'])} protected in {told['frames']} frames")
    for line in found.recognizers.to_dict("records"):
        rates = ", ".join(f"{what} {line[f'psr_{stage}']:.0f}" for stage, what in STAGES.items())
        console.print(f"{line['recognizer']} ({line['kind']}): PSR at rank 1, in %: {rates}")
    console.print(f"Report: {out.with_name(f'{out.name}_report') / 'report.html'}")
    for remark in (*told["remarks"], *told["notes"]):
        note(remark)
    if told["notes"]:
        raise typer.Exit(1)
