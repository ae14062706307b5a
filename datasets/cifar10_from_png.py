# SPDX-License-Identifier: MIT
"""CIFAR-10's binary batches from sheets of images, for `datasets/fetch`; the standard library only.

    python3 cifar10_from_png.py SHEETS OUT

SHEETS holds data_batch_1.png to data_batch_5.png and test_batch.png, an image a row of 1024 pixels of
8-bit RGB, and the labels as lists in train_lables.json and test_lables.json (so spelled). OUT gets
data_batch_1.bin to data_batch_5.bin and test_batch.bin: a record a row, its label and then the planes
of red, green and blue. PNG is lossless: what is written has the hashes of the batches as published.
"""

import array
import itertools
import json
import pathlib
import struct
import sys
import zlib

WIDTH, ROWS, CHANNELS = 1024, 10000, 3
LOW_BYTE = 0 if sys.byteorder == "little" else -1


def sheet_rows(path):
    """The filter and the filtered bytes of every row of a PNG file."""
    data = path.read_bytes()
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        raise ValueError(f"{path} is no PNG file")
    at, packed = 8, []
    while at + 8 <= len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        body = data[at + 8 : at + 8 + length]
        at += 12 + length
        if kind == b"IHDR" and body != struct.pack(">IIBBBBB", WIDTH, ROWS, 8, 2, 0, 0, 0):
            raise ValueError(f"{path} is no sheet of {ROWS} images in 8-bit RGB")
        if kind == b"IDAT":
            packed.append(body)
    raw = zlib.decompress(b"".join(packed))
    stride = 1 + CHANNELS * WIDTH
    if len(raw) != ROWS * stride:
        raise ValueError(f"{path} ends early")
    for row in range(0, len(raw), stride):
        yield raw[row], raw[row + 1 : row + stride]


def paeth(left, up, corner):
    """The predictor of the PNG specification, 9.4: whichever is nearest to left + up - corner."""
    p = left + up - corner
    a, b, c = abs(p - left), abs(p - up), abs(p - corner)
    return left if a <= b and a <= c else up if b <= c else corner


PREDICTORS = {
    0: lambda left, up, corner: 0,
    1: lambda left, up, corner: left,
    2: lambda left, up, corner: up,
    3: lambda left, up, corner: (left + up) // 2,
    4: paeth,
}


def unfilter(kind, line, above):
    """One plane of a row of pixels from its differences and the same plane of the row above."""
    if kind == 1:  # nearly all rows: running sums, of which the low byte is kept
        sums = array.array("I", itertools.accumulate(line))
        return sums.tobytes()[LOW_BYTE % sums.itemsize :: sums.itemsize]
    predict, left, corner, plane = PREDICTORS[kind], 0, 0, bytearray()
    for difference, up in zip(line, above):
        left = (difference + predict(left, up, corner)) & 255
        corner = up
        plane.append(left)
    return bytes(plane)


def batch(path, labels):
    """The records of a sheet."""
    if len(labels) != ROWS:
        raise ValueError(f"{len(labels)} labels for {path}")
    records, planes = [], [bytes(WIDTH)] * CHANNELS
    for label, (kind, line) in zip(labels, sheet_rows(path)):
        planes = [unfilter(kind, line[c::CHANNELS], planes[c]) for c in range(CHANNELS)]
        records += [bytes([label]), *planes]
    return b"".join(records)


def main(sheets, out):
    train = json.loads((sheets / "train_lables.json").read_text())
    names = [f"data_batch_{i}" for i in range(1, 6)]
    labels = {name: train[i * ROWS : (i + 1) * ROWS] for i, name in enumerate(names)}
    labels["test_batch"] = json.loads((sheets / "test_lables.json").read_text())
    out.mkdir(parents=True, exist_ok=True)
    for name, of_batch in labels.items():
        (out / f"{name}.bin").write_bytes(batch(sheets / f"{name}.png", of_batch))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
