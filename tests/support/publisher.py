"""A generator to kill: publishes lessons as fast as it can. `publisher.py OUTBOX ROOT PREFIX COUNT [BINARY]`.

One unit in three carries two lessons; with BINARY every lesson has a picture beside it that no event carries.
It prints the name of each lesson whose unit has returned: what is printed must survive anything.
"""

import sys
from pathlib import Path

from outbox import Outbox
from tests.support.lessons import lesson, path_of


def main() -> None:
    path, root, prefix, count = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    pictures = "pictures" in sys.argv[5:]
    with Outbox.open(path, content_root=root) as box:
        for number in range(count):
            names = [f"{prefix}-{number}", f"{prefix}-{number}-b"] if number % 3 == 0 else [f"{prefix}-{number}"]
            with box.unit() as unit:
                for name in names:
                    body = f"# Aula {name}\n" + f"ação {name}\n" * (number % 5 * 40)
                    unit.write(path_of(name), body.encode())
                    unit.append(lesson(name, body))
                    if pictures:
                        unit.write(f"courses/curso-x/pictures/{name}.png", b"\x89PNG" + name.encode())
            sys.stdout.write(" ".join(names) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
