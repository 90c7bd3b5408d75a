"""Digits in, digits out: train an autoencoder, fit samplers on its latents, compare them.

Trains on scikit-learn's bundled handwritten digits, fits PMFS, GMM and KDE on the same latents,
decodes equally many samples of each, and writes pictures and a table.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

# Threads that spin while they wait make training crawl where other processes compute too. OpenMP
# reads this once, when PyTorch is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

PICTURED = ("n_bins=3", "n_bins=4", "n_bins=6", "n_bins=32", "GMM, 20", "KDE")


def main() -> int:
    options = _options()
    try:
        _check_writable(options.out)
        run(options.out, options.seed, options.epochs)
    except KeyboardInterrupt:
        print("\ndemo: interrupted; nothing more is written", file=sys.stderr)
        return 130
    except OSError as error:
        print(f"demo: cannot write to {options.out}: {error.strerror or error}", file=sys.stderr)
        return 1
    return 0


def run(out: Path, seed: int, epochs: int) -> None:
    """Tell the whole story: train, encode, fit, sample, decode, measure, draw."""
    # Imported here, since torch takes seconds: --help is quick, and Ctrl-C is obeyed meanwhile.
    import torch

    import demo_measures as measures
    import demo_model as model
    import demo_pictures as pictures
    import demo_samplers as samplers
    import demo_table as table
    from zbins.protocol import draw

    begin = time.monotonic()
    torch.manual_seed(seed)
    digits = model.load_parts(seed)
    parts = (digits.train, digits.validation, digits.test)
    sizes = dict(zip(("train", "validation", "test"), map(len, parts), strict=True))
    _say(
        f"1,797 digits of 8x8 pixels: {sizes['train']} train the networks, {sizes['validation']} "
        f"are for the samplers, {sizes['test']} are held out"
    )
    encoder, decoder = model.train_autoencoder(digits, epochs)
    features, accuracy = model.train_classifier(digits, max(1, epochs // 2))
    with torch.inference_mode():
        latents, test = encoder(digits.validation), encoder(digits.test)
        error = float(torch.nn.functional.mse_loss(decoder(test), digits.test))
    spread = float(digits.test.var(0).mean())
    _say(
        f"held-out digits: the autoencoder explains {1 - error / spread:.0%} of the pixels' "
        f"variance, the classifier names {accuracy:.0%} correctly"
    )

    judge = measures.Judge(decoder, features, latents, digits.test, test)
    rows = judge.references(digits.validation)
    pictured = []
    for contender in samplers.contenders(judge.fitted, seed):
        row, sampler = judge.measure(contender)
        rows.append(row)
        _say(f"  {row.name}: Fréchet {row.frechet:.1f}, novelty {row.novelty:.2f}")
        if any(name in row.name for name in PICTURED):
            pictured.append((row, draw(sampler, sizes["test"], seed)))

    written = [out / "samples.png", out / "latents.png", out / "trade.png"]
    pictures.draw_samples(
        written[0],
        [
            ("held-out digits\n(real)", digits.test),
            ("the same,\nencoded and decoded", judge.decode(test)),
            *((pictures.caption(row), judge.decode(draws)) for row, draws in pictured),
        ],
    )
    six = [(row, z) for row, z in pictured if not row.name.endswith("=3")]
    shown = [(row.kind, pictures.caption(row), z) for row, z in six]
    pictures.draw_latents(written[1], judge.fitted, digits.validation_labels.numpy(), shown)
    pictures.draw_trade(written[2], rows)

    facts = {
        "machine": table.machine(),
        "seed": seed,
        "epochs": epochs,
        "rows_of_digits": sizes,
        "latent_dimension": model.N_LATENT,
        "reconstruction_error": error,
        "classifier_accuracy": accuracy,
        "samples_per_draw": sizes["test"],
        "draws": measures.N_DRAWS,
        "samples_timed": measures.N_TIMED,
    }
    words = "\n\n".join(
        (
            table.describe(facts["machine"]),
            "What it says:\n\n" + table.verdict(rows),
            "How to read it:\n\n"
            + table.legend(sizes["validation"], sizes["test"], model.N_LATENT),
        )
    )
    written += table.write(out, rows, words, facts)
    _say(f"\n{table.markdown(rows)}\n\n{words}\n")
    _say(f"{time.monotonic() - begin:.0f} s; written: {', '.join(map(str, written))}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="demo.py",
        description=__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--out", type=Path, default=Path("demo-out"), help="folder to write to")
    parser.add_argument("--seed", type=int, default=0, help="of the split, the networks and GMM")
    parser.add_argument("--epochs", type=int, default=60, help="of the autoencoder's training")
    options = parser.parse_args()
    if options.epochs < 1:
        parser.error(f"--epochs is {options.epochs}; it must be at least 1")
    if not 0 <= options.seed < 2**32:
        parser.error(f"--seed is {options.seed}; it must be at least 0 and below 2**32")
    return options


def _check_writable(out: Path) -> None:
    """Create the folder and try a file in it, before a minute of training is spent."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=out):
        pass


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code) if code == 130 else sys.exit(code)
