"""Tars as image sets, and the division into a general and a domain set."""
import io
import subprocess
import tarfile
import unittest

from support import HUB, LABELS, SMALL, ProductTest, draw, picture

FORMATS = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}
GENERAL = HUB / "general-50.tar"


def encoded(label, number):
    out = io.BytesIO()
    picture(label, number, 40).save(out, "JPEG", quality=90)
    return out.getvalue()


def pack(path, counts, form=tarfile.PAX_FORMAT, top="set/"):
    """A tar of drawn pictures, so many of each label."""
    with tarfile.open(path, "w", format=form) as tar:
        for label, count in counts.items():
            for number in range(count):
                content = encoded(label, number)
                member = tarfile.TarInfo(f"{top}{label}/{number:03}.jpg")
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    return path


class Tar(ProductTest):
    def test_every_member_is_what_tarfile_says(self):
        """Copies of all images, drawn from the tar by graft, against what Python's reader finds in it."""
        for name, form in FORMATS.items():
            with self.subTest(name):
                labels = {"disc": 3, "ünïcode": 2, "long" * 20: 2}
                top = "" if name == "ustar" else "deep/" * 30
                path = pack(self.folder / f"{name}.tar", labels, form, top)
                out = self.folder / name
                self.succeed("dataset", "split", path, "--out", out, "--as", "copies", "--validation", 0)
                with tarfile.open(path) as tar:
                    expected = {"/".join(m.name.split("/")[-2:]): tar.extractfile(m).read() for m in tar}
                found = {f"{p.parent.name}/{p.name}": p.read_bytes() for p in out.rglob("*.jpg")}
                self.assertEqual(len(found), 7)
                self.assertEqual(found, expected)

    def test_scan_and_train(self):
        path = pack(self.folder / "images.tar", {label: 12 for label in LABELS})
        self.assertEqual(self.json_of("dataset", "scan", path)["splits"]["train"]["labels"],
                         {label: 12 for label in LABELS})
        out = self.folder / "model"
        self.succeed("train", "--mode", "scratch", *SMALL, "--epochs", 1, "--train", path, "--out", out)
        self.assertTrue((out / "graft.json").is_file())

    def test_splits_inside(self):
        draw(self.folder / "data/train", 4)
        draw(self.folder / "data/validation", 2, first=50)
        subprocess.run(["tar", "cf", self.folder / "images.tar", "-C", self.folder, "data"], check=True)
        splits = self.json_of("dataset", "scan", self.folder / "images.tar")["splits"]
        self.assertEqual({name: split["images"] for name, split in splits.items()}, {"train": 12, "validation": 6})

    def test_damaged_or_compressed_is_refused(self):
        path = pack(self.folder / "images.tar", {label: 2 for label in LABELS})
        whole = path.read_bytes()
        path.write_bytes(whole[:len(whole) // 2])
        self.refuse("dataset", "scan", path, names=["images.tar", "cut off"])
        path.write_bytes(whole)
        subprocess.run(["gzip", path], check=True)
        sentence = self.refuse("dataset", "scan", f"{path}.gz", names=["compressed", "gzip -dc"])
        command = sentence[sentence.index("gzip -dc"):]
        subprocess.run(command, shell=True, check=True, cwd=self.folder)
        self.assertEqual(path.read_bytes(), whole)


class Curate(ProductTest):
    def curate(self, data, *options):
        return self.json_of("dataset", "curate", data, "--general", self.folder / "general", "--domain",
                            self.folder / "domain", *options)

    def test_a_tar_becomes_two_lists_into_it(self):
        data = pack(self.folder / "images.tar", {"disc": 5, "square": 6, "stripe": 2, "dot": 3})
        said = self.curate(data, "--min-images", 5)
        self.assertEqual(said["general"]["labels"], {"disc": 5, "square": 6})
        self.assertEqual(said["domain"], {"path": str(self.folder / "domain"), "images": 5,
                                          "labels": {"dot": 3, "stripe": 2}})
        self.assertEqual([p.name for p in (self.folder / "general").iterdir()], ["images.csv"])
        for name in ("general", "domain"):
            splits = self.json_of("dataset", "scan", self.folder / name)["splits"]
            self.assertEqual(splits["train"]["labels"], said[name]["labels"])
        self.succeed("train", "--mode", "scratch", *SMALL, "--epochs", 1, "--train", self.folder / "general",
                     "--out", self.folder / "model")

    def test_a_folder_becomes_links_and_damaged_images_do_not_count(self):
        data = draw(self.folder / "data", 3, labels=("disc", "square"))
        draw(self.folder / "data", 2, labels=("stripe",))
        (data / "disc/002.jpg").write_bytes(b"none")
        said = self.curate(data, "--min-images", 3)
        self.assertEqual(said["general"]["labels"], {"square": 3})
        self.assertEqual(said["domain"]["labels"], {"disc": 2, "stripe": 2})
        self.assertEqual(said["left_out"], 1)
        link = self.folder / "domain/disc/001.jpg"
        self.assertEqual(link.stat().st_ino, (data / "disc/001.jpg").stat().st_ino)

    def test_words_for_people(self):
        data = pack(self.folder / "images.tar", {"disc": 3, "square": 1})
        done = self.succeed("dataset", "curate", data, "--min-images", 2, "--general", self.folder / "g", "--domain",
                            self.folder / "d")
        self.assertEqual(done.stdout, f"general  1 label with 3 images in {self.folder}/g\n"
                                      f"domain   1 label with 1 image in {self.folder}/d\n"
                                      "        1  square\n")

    def test_refusals(self):
        data = draw(self.folder / "data", 3)
        general, domain = self.folder / "general", self.folder / "domain"
        self.refuse("dataset", "curate", data, "--general", general, "--domain", domain, names=["500", "the most, 3"])
        self.refuse("dataset", "curate", data, "--general", general, "--domain", domain, "--min-images", 3,
                    names=["every label", "the fewest, 3"])
        draw(data, 1, labels=("dot",))
        self.refuse("dataset", "curate", data, "--general", general, "--domain", general, "--min-images", 3,
                    names=["name two folders"])
        self.refuse("dataset", "curate", data, "--general", general, "--domain", data, "--min-images", 3,
                    names=["not an empty folder"])
        self.refuse("dataset", "curate", data, "--general", general, "--domain", domain, "--min-images", 0, code=2,
                    names=["--min-images"])
        self.assertFalse(general.exists() or domain.exists())

    @unittest.skipUnless(GENERAL.exists(), "no data hub")
    def test_the_general_images(self):
        said = self.curate(GENERAL)
        self.assertEqual((len(said["general"]["labels"]), said["general"]["images"]), (42, 21000))
        self.assertEqual((len(said["domain"]["labels"]), said["domain"]["images"]), (8, 960))
        self.assertEqual(set(said["domain"]["labels"].values()), {120})


if __name__ == "__main__":
    unittest.main()
