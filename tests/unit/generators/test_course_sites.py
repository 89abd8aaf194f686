"""Course folders of many makers: what their site, their numbers or their words say is what is read.

Every tree is made up. Each states, beside its files, what a careful person reads in it: module, title and path of every
lesson in order, and the title of the course.
"""

import json
from pathlib import Path

import pytest

from generators.errors import NotACourse
from generators.reading.course import explain_folder, find_courses, read_course

Lesson = tuple[str | None, str, str]
PROSE = "\n\nLook at the example first, do it once slowly, and write down what came out differently.\n" * 12


def _page(h1: str, **front: object) -> str:
    head = "".join(f"{key}: {value}\n" for key, value in front.items())
    heading = f"# {h1}" if h1 else ""
    return (f"---\n{head}---\n\n" if head else "") + heading + PROSE


def _notebook(title: str) -> str:
    cells = [
        {"cell_type": "markdown", "source": [f"# {title}\n", "\n", "Text."]},
        {"cell_type": "code", "source": ["print(1)"], "outputs": [{"data": {"image/png": "AAAA" * 50}}]},
    ]
    return json.dumps({"cells": cells, "nbformat": 4})


TREES: dict[str, tuple[dict[str, str], str, list[Lesson]]] = {
    "mkdocs, sections inside a wrapper, tags in the YAML": (
        {
            "mkdocs.yml": (
                "site_name: Kneading\ntheme:\n  logo: &logo x.png\n  icon: *logo\nnav:\n  - index.md\n  - Course:\n"
                "      - Module 1 - Flour:\n          - flour/kinds.md\n          - Milling: flour/amill.md\n"
                "          - Exercises: flour/exercises.md\n      - Module 2 - Heat:\n          - heat/index.md\n"
                "          - Ovens: heat/ovens.md\n  - Contributing: contributing.md\n"
                "markdown_extensions:\n  - fences: {format: !!python/name:x.y }\n"
            ),
            "docs/index.md": _page("Kneading"),
            "docs/flour/kinds.md": _page("Kinds of flour"),
            "docs/flour/amill.md": _page("The mill"),
            "docs/flour/exercises.md": _page("Exercises"),
            "docs/heat/index.md": "# Heat\n",
            "docs/heat/ovens.md": _page("Ovens"),
            "docs/contributing.md": _page("Contributing"),
        },
        "Kneading",
        [
            ("Flour", "Kinds of flour", "docs/flour/kinds.md"),
            ("Flour", "The mill", "docs/flour/amill.md"),
            ("Heat", "Ovens", "docs/heat/ovens.md"),
        ],
    ),
    "mkdocs, parts of chapters whose index has no label, solutions in each": (
        {
            "mkdocs.yml": (
                "site_name: Curso de Nudos\nnav:\n  - Presentación: index.md\n  - Parte I — Cabos:\n"
                "      - Capítulo 1 — La cuerda:\n          - cap-01-cuerda/index.md\n"
                "          - Soluciones: cap-01-cuerda/soluciones.md\n      - Capítulo 2 — El lazo:\n"
                "          - cap-02-lazo/index.md\n          - Soluciones: cap-02-lazo/soluciones.md\n"
                "  - Parte II — Redes:\n      - Capítulo 3 — La malla:\n          - cap-03-malla/index.md\n"
                "          - Soluciones: cap-03-malla/soluciones.md\n"
            ),
            "docs/index.md": _page("Curso de Nudos"),
            "docs/cap-01-cuerda/index.md": _page("Capítulo 1 — La cuerda"),
            "docs/cap-01-cuerda/soluciones.md": _page("Soluciones"),
            "docs/cap-02-lazo/index.md": _page("Capítulo 2 — El lazo"),
            "docs/cap-02-lazo/soluciones.md": _page("Soluciones"),
            "docs/cap-03-malla/index.md": _page("Capítulo 3 — La malla"),
            "docs/cap-03-malla/soluciones.md": _page("Soluciones"),
        },
        "Curso de Nudos",
        [
            ("Cabos", "La cuerda", "docs/cap-01-cuerda/index.md"),
            ("Cabos", "El lazo", "docs/cap-02-lazo/index.md"),
            ("Redes", "La malla", "docs/cap-03-malla/index.md"),
        ],
    ),
    "GitBook, every chapter a folder with its README": (
        {
            "SUMMARY.md": (
                "# Summary\n\n* [Introduction](README.md)\n* [What is clay?](what/README.md)\n"
                "   * [Clay is not mud](what/mud.md)\n* [The wheel](wheel/README.md)\n* [Firing](firing/README.md)\n"
            ),
            "README.md": _page("A Short Course in Clay"),
            "what/README.md": _page("What is clay?"),
            "what/mud.md": _page("Clay is not mud"),
            "wheel/README.md": _page("The wheel"),
            "firing/README.md": _page("Firing"),
        },
        "A Short Course in Clay",
        [
            ("What is clay?", "What is clay?", "what/README.md"),
            ("What is clay?", "Clay is not mud", "what/mud.md"),
            (None, "The wheel", "wheel/README.md"),
            (None, "Firing", "firing/README.md"),
        ],
    ),
    "Docusaurus in TypeScript: a typed sidebar of folders": (
        {
            "docusaurus.config.ts": "const config: Config = {\n  title: 'Bees Course',\n};\nexport default config;\n",
            "sidebars.ts": (
                "// This runs in Node.js\nconst sidebars: SidebarsConfig = {\n  main: [\n    'intro',\n    {\n"
                "      type: 'category',\n      label: 'The Hive',\n      items: ['lessons/one/index', 'lessons/two/index'],\n"
                "    },\n    {type: 'category', label: 'Honey', items: ['lessons/three/index']},\n  ],\n};\n"
                "export default sidebars;\n"
            ),
            "docs/intro.md": _page("Welcome"),
            "docs/lessons/one/index.md": _page("Queens"),
            "docs/lessons/two/index.md": _page("Drones"),
            "docs/lessons/two/exercise.md": _page("Exercise 2"),
            "docs/lessons/three/index.md": _page("Harvest"),
        },
        "Bees Course",
        [
            ("The Hive", "Queens", "docs/lessons/one/index.md"),
            ("The Hive", "Drones", "docs/lessons/two/index.md"),
            ("Honey", "Harvest", "docs/lessons/three/index.md"),
        ],
    ),
    "VuePress, links to folders beside files of the same name": (
        {
            "README.md": _page("Sailing Class"),
            ".vuepress/config.js": (
                "module.exports = { title: 'Sailing Class', themeConfig: { sidebar: [\n"
                "  { title: 'Week 1', children: ['/week-1/slides', '/week-1/'] },\n"
                "  { title: 'Week 2', children: ['/week-2/'] },\n] } }\n"
            ),
            "week-1.md": _page("Week 1"),
            "week-1/README.md": _page("Week 1: Wind"),
            "week-1/slides.md": _page("Slides"),
            "week-2/README.md": _page("Week 2: Tacking"),
        },
        "Sailing Class",
        [("Week 1", "Wind", "week-1/README.md"), ("Week 2", "Tacking", "week-2/README.md")],
    ),
    "weeks whose numbered folders are kinds of material": (
        {
            "README.md": _page("Bootcamp de Pan"),
            "bootcamp/week-01_la_masa/README.md": _page("Semana 1: La masa"),
            "bootcamp/week-01_la_masa/0-assets/README.md": _page("Assets"),
            "bootcamp/week-01_la_masa/1-teoria/01-agua.md": _page("Agua"),
            "bootcamp/week-01_la_masa/1-teoria/02-sal.md": _page("Sal"),
            "bootcamp/week-01_la_masa/2-practicas/README.md": _page("Prácticas"),
            "bootcamp/week-01_la_masa/2-practicas/ejercicio-01-amasar/README.md": _page("Ejercicio 1"),
            "bootcamp/week-01_la_masa/3-proyecto/instrucciones.md": _page("Instrucciones"),
            "bootcamp/week-02_el_horno/1-teoria/01-calor.md": _page("Calor"),
            "bootcamp/week-02_el_horno/2-practicas/README.md": _page("Prácticas"),
        },
        "Bootcamp de Pan",
        [
            ("La masa", "Agua", "bootcamp/week-01_la_masa/1-teoria/01-agua.md"),
            ("La masa", "Sal", "bootcamp/week-01_la_masa/1-teoria/02-sal.md"),
            ("El horno", "Calor", "bootcamp/week-02_el_horno/1-teoria/01-calor.md"),
        ],
    ),
    "notes of a day in a folder of its folder": (
        {
            "README.md": _page("Weaving Class"),
            "month01_loom/week01_thread/day01_warp/notes.md": _page("Day 01 - Warp"),
            "month01_loom/week01_thread/day02_weft/notes/day02_notes.md": _page("Day 02 - Weft"),
            "month01_loom/week02_colour/day08_dye/notes/day08_notes.md": _page("Day 08 - Dye"),
        },
        "Weaving Class",
        [
            ("Thread", "Warp", "month01_loom/week01_thread/day01_warp/notes.md"),
            ("Thread", "Weft", "month01_loom/week01_thread/day02_weft/notes/day02_notes.md"),
            ("Colour", "Dye", "month01_loom/week02_colour/day08_dye/notes/day08_notes.md"),
        ],
    ),
    "digits that are stuck to the words": (
        {
            "README.md": _page("Apuntes de Costura"),
            "01Inicio/01hilos.md": _page("Los hilos"),
            "01Inicio/02agujas.md": _page("Las agujas"),
            "02Puntos/01recto.ipynb": _notebook("Punto recto"),
            "02Puntos/03ejercicios.md": _page("Ejercicios"),
        },
        "Apuntes de Costura",
        [
            ("Inicio", "Los hilos", "01Inicio/01hilos.md"),
            ("Inicio", "Las agujas", "01Inicio/02agujas.md"),
            ("Puntos", "Punto recto", "02Puntos/01recto.ipynb"),
        ],
    ),
    "lectures by the day in their frontmatter": (
        {
            "_config.yml": "title: Gardening for Balconies\n",
            "index.md": _page("", layout="page", title="Home"),
            "about.md": _page("", layout="page", title="About"),
            "_2021/soil.md": _page("Motivation", layout="lecture", title="Soil", date="2021-01-14"),
            "_2021/seeds.md": _page("Motivation", layout="lecture", title="Seeds", date="2021-01-13"),
            "_2021/security.md": _page("Fences", layout="lecture", title="Security", date="2021-01-20"),
        },
        "Gardening for Balconies",
        [
            (None, "Seeds", "_2021/seeds.md"),
            (None, "Soil", "_2021/soil.md"),
            (None, "Security", "_2021/security.md"),
        ],
    ),
    "a README that numbers what it links, in a folder among others": (
        {
            "README.md": _page("Material das oficinas"),
            "tinta/README.md": (
                "# Material para tinta\n\n### Começo\n\n- 1.0 [A água](agua.md) e o papel\n- 1.1 [O pincel](pincel.md)\n"
                "- 1.2 [A mancha](mancha.md)\n\n### Cor\n\n- 2.1 [O azul](azul.md)\n- 2.2 [Camadas](camadas/README.md)\n"
            ),
            "tinta/glossario.md": _page("Glossário"),
            "tinta/agua.md": _page("A água"),
            "tinta/azul.md": _page("O azul"),
            "tinta/camadas/README.md": _page("Camadas"),
            "tinta/futuro.md": _page("Ideias"),
            "tinta/mancha.md": _page("A mancha"),
            "tinta/pincel.md": _page("O pincel"),
        },
        "Material para tinta",
        [
            ("Começo", "A água", "tinta/agua.md"),
            ("Começo", "O pincel", "tinta/pincel.md"),
            ("Começo", "A mancha", "tinta/mancha.md"),
            ("Cor", "O azul", "tinta/azul.md"),
            ("Cor", "Camadas", "tinta/camadas/README.md"),
        ],
    ),
    "notes without a number below a note that lists them": (
        {
            "Redes de pesca.md": "# Redes de pesca\n\n- [[Tema 1-El hilo]]\n- [[Tema 2-El nudo]]\n",
            "Plantilla.md": _page("Plantilla"),
            "Tema 1/Tema 1-El hilo.md": "#tema\n\n- [[Nailon]]\n- [[Algodón]]\n",
            "Tema 1/Algodón.md": _page(""),
            "Tema 1/Nailon.md": _page(""),
            "Tema 2/Tema 2-El nudo.md": "- [[Simple]]\n- [[Doble]]\n",
            "Tema 2/Doble.md": _page(""),
            "Tema 2/Simple.md": _page(""),
        },
        "Redes de pesca",
        [
            ("El hilo", "Nailon", "Tema 1/Nailon.md"),
            ("El hilo", "Algodón", "Tema 1/Algodón.md"),
            ("El nudo", "Simple", "Tema 2/Simple.md"),
            ("El nudo", "Doble", "Tema 2/Doble.md"),
        ],
    ),
    "a page that opens lettered pages, a template variable as heading, copies of an editor": (
        {
            "README.md": _page("Class of Clocks"),
            "lessons/part1.md": "---\npart: 1\n---\n\nWhat is in this part.\n",
            "lessons/part1a.md": _page("{{topic}}", topic="Springs"),
            "lessons/part1b.md": _page("{{ page.topic }}", topic="Wheels"),
            "lessons/part1b copy.md": _page("Wheels"),
            "lessons/part1b (2).md": _page("Wheels"),
        },
        "Class of Clocks",
        [(None, "Springs", "lessons/part1a.md"), (None, "Wheels", "lessons/part1b.md")],
    ),
    "pages of a documentation site with exercises between them": (
        {
            "hugo.toml": 'title = "Web en servidor"\ndefaultContentLanguage = "es"\n',
            "content/es/docs/03_http/_index.md": "+++\ntitle = 'HTTP'\nweight = 3\n+++\n",
            "content/es/docs/03_http/1_verbos/index.md": "+++\ntitle = 'Los verbos'\nweight = 10\n+++\n" + PROSE,
            "content/es/docs/03_http/2_codigos/_index.md": "+++\ntitle = 'Los códigos'\nweight = 20\n+++\n" + PROSE,
            "content/es/docs/04_fuego/_index.md": "+++\ntitle = 'El fuego'\nweight = 4\n+++\n",
            "content/es/docs/04_fuego/1_tipos/_index.md": "+++\ntitle = 'Los tipos'\nweight = 10\n+++\n" + PROSE,
            "content/es/docs/04_fuego/2_listas/Ejercicios/index.md": "+++\ntitle = 'Ejercicios'\n+++\n" + PROSE,
        },
        "Web en servidor",
        [
            ("HTTP", "Los verbos", "content/es/docs/03_http/1_verbos/index.md"),
            ("HTTP", "Los códigos", "content/es/docs/03_http/2_codigos/_index.md"),
            ("El fuego", "Los tipos", "content/es/docs/04_fuego/1_tipos/_index.md"),
        ],
    ),
    "mdBook without parts": (
        {
            "book.toml": '[book]\ntitle = "Knots by Hand"\nsrc = "text"\n',
            "text/SUMMARY.md": (
                "# Summary\n\n[Preface](preface.md)\n\n- [Ropes](ropes.md)\n    - [Fibres](ropes/fibres.md)\n"
                "- [Bends](bends.md)\n- [Draft chapter]()\n\n-----\n\n[Glossary](glossary.md)\n"
            ),
            "text/preface.md": _page("Preface"),
            "text/ropes.md": _page("Ropes"),
            "text/ropes/fibres.md": _page("Fibres"),
            "text/bends.md": _page("Bends"),
            "text/glossary.md": _page("Glossary"),
        },
        "Knots by Hand",
        [
            ("Ropes", "Ropes", "text/ropes.md"),
            ("Ropes", "Fibres", "text/ropes/fibres.md"),
            (None, "Bends", "text/bends.md"),
        ],
    ),
    "GitBook with groups as headings": (
        {
            "SUMMARY.md": (
                "# Table of contents\n\n* [Welcome](README.md)\n\n## Semana 1: La masa\n\n* [Harina](uno/harina.md)\n"
                "* [Agua](uno/agua.md)\n\n## Semana 2: El horno\n\n* [Calor](dos/calor.md)\n"
            ),
            "README.md": _page("Pan casero"),
            "uno/harina.md": _page("Harina"),
            "uno/agua.md": _page("Agua"),
            "dos/calor.md": _page("Calor"),
        },
        "Pan casero",
        [
            ("La masa", "Harina", "uno/harina.md"),
            ("La masa", "Agua", "uno/agua.md"),
            ("El horno", "Calor", "dos/calor.md"),
        ],
    ),
    "Jupyter book with notebooks": (
        {
            "_config.yml": "title: Signals\nauthor: A\n",
            "_toc.yml": (
                "format: jb-book\nroot: intro\nparts:\n  - caption: Time\n    chapters:\n      - file: time/sampling\n"
                "      - file: time/windows\n  - caption: Frequency\n    chapters:\n      - file: freq/fourier\n"
                "        sections:\n          - file: freq/leakage\n"
            ),
            "intro.md": _page("Signals"),
            "time/sampling.ipynb": _notebook("Sampling"),
            "time/windows.md": _page("Windows"),
            "freq/fourier.ipynb": _notebook("Fourier"),
            "freq/leakage.ipynb": _notebook("Leakage"),
        },
        "Signals",
        [
            ("Time", "Sampling", "time/sampling.ipynb"),
            ("Time", "Windows", "time/windows.md"),
            ("Frequency", "Fourier", "freq/fourier.ipynb"),
            ("Frequency", "Leakage", "freq/leakage.ipynb"),
        ],
    ),
    "Sphinx with toctrees in reStructuredText": (
        {
            "source/index.rst": (
                "Course on Bees\n==============\n\n.. toctree::\n   :maxdepth: 2\n   :caption: Hive\n\n   hive/frames\n"
                "   The queen <hive/queen>\n\n.. toctree::\n   :caption: Honey\n\n   honey/harvest\n"
            ),
            "source/hive/frames.rst": "Frames\n======\n" + PROSE,
            "source/hive/queen.rst": "Queens\n======\n" + PROSE,
            "source/honey/harvest.rst": "Harvest\n=======\n" + PROSE,
        },
        "Course on Bees",
        [
            ("Hive", "Frames", "source/hive/frames.rst"),
            ("Hive", "Queens", "source/hive/queen.rst"),
            ("Honey", "Harvest", "source/honey/harvest.rst"),
        ],
    ),
    "Docusaurus with a sidebar written in JavaScript": (
        {
            "docusaurus.config.js": "module.exports = {\n  title: 'Curso de Tinta',\n  url: 'https://x.example'\n};\n",
            "sidebars.js": (
                "// the sidebar\nconst base = require('./x');\nmodule.exports = {\n  curso: [\n    'intro',\n"
                "    {type: 'category', label: 'Módulo 1: Cor', items: ['cor/roda', {type: 'doc', id: 'cor/contraste'}]},\n"
                "    {type: 'category', label: 'Módulo 2: Papel', items: ['papel/fibra', ...base],},\n  ],\n};\n"
            ),
            "docs/intro.md": _page("Introdução"),
            "docs/cor/contraste.md": _page("Contraste"),
            "docs/cor/roda.md": _page("A roda"),
            "docs/papel/fibra.mdx": "import X from 'x';\n\n# A fibra" + PROSE,
            "blog/2023-01-02-novo.md": _page("Novo site"),
        },
        "Curso de Tinta",
        [
            (None, "Introdução", "docs/intro.md"),
            ("Cor", "A roda", "docs/cor/roda.md"),
            ("Cor", "Contraste", "docs/cor/contraste.md"),
            ("Papel", "A fibra", "docs/papel/fibra.mdx"),
        ],
    ),
    "Docusaurus by position": (
        {
            "docs/semana-b/_category_.json": '{"label": "Segunda semana", "position": 2}',
            "docs/semana-b/zinco.md": _page("Zinco", sidebar_position=1),
            "docs/semana-a/_category_.json": '{"label": "Primeira semana", "position": 1}',
            "docs/semana-a/cobre.md": _page("Cobre", sidebar_position=2),
            "docs/semana-a/estanho.md": _page("Estanho", sidebar_position=1),
            "README.md": _page("Curso de Metais"),
        },
        "Curso de Metais",
        [
            ("Primeira semana", "Estanho", "docs/semana-a/estanho.md"),
            ("Primeira semana", "Cobre", "docs/semana-a/cobre.md"),
            ("Segunda semana", "Zinco", "docs/semana-b/zinco.md"),
        ],
    ),
    "Hugo with weights and section pages": (
        {
            "hugo.toml": 'title = "Cheese School"\n',
            "content/lessons/_index.md": _page("", title="Lessons"),
            "content/lessons/milk/_index.md": _page("", title="Milk", weight=20),
            "content/lessons/milk/rennet.md": _page("", title="Rennet", weight=1),
            "content/lessons/milk/acid.md": _page("", title="Acid", weight=2),
            "content/lessons/basics/_index.md": _page("", title="Basics", weight=10),
            "content/lessons/basics/tools.md": _page("", title="Tools", weight=1),
            "content/posts/hello.md": _page("Hello"),
            "themes/plain/exampleSite/content/lessons/01-x.md": _page("X"),
        },
        "Cheese School",
        [
            ("Basics", "Tools", "content/lessons/basics/tools.md"),
            ("Milk", "Rennet", "content/lessons/milk/rennet.md"),
            ("Milk", "Acid", "content/lessons/milk/acid.md"),
        ],
    ),
    "Jekyll collection of an older Carpentries lesson": (
        {
            "_config.yml": 'title: "Counting Birds"\ncollections:\n  episodes: {output: true}\n',
            "_episodes/02-count.md": _page("", title="Counting"),
            "_episodes/01-watch.md": _page("", title="Watching", teaching=10),
            "_extras/guide.md": _page("Instructor notes"),
            "_includes/x.html": "<p>x</p>",
            "index.md": _page("", layout="lesson"),
            "setup.md": _page("Setup"),
        },
        "Counting Birds",
        [(None, "Watching", "_episodes/01-watch.md"), (None, "Counting", "_episodes/02-count.md")],
    ),
    "Quarto book": (
        {
            "_quarto.yml": (
                "project: {type: book}\nbook:\n  title: Maps\n  chapters:\n    - index.qmd\n    - part: Ground\n"
                "      chapters:\n        - soil.qmd\n        - rock.qmd\n    - part: Water\n      chapters: [river.Rmd]\n"
                "  appendices: [data.qmd]\n"
            ),
            "index.qmd": _page("Maps"),
            "rock.qmd": _page("Rock"),
            "soil.qmd": _page("", title="Soil"),
            "river.Rmd": _page("Rivers"),
            "data.qmd": _page("Data"),
        },
        "Maps",
        [("Ground", "Soil", "soil.qmd"), ("Ground", "Rock", "rock.qmd"), ("Water", "Rivers", "river.Rmd")],
    ),
    "vault with maps of notes and no numbers": (
        {
            "Curso de Vela/Índice.md": (
                "# Curso de Vela\n\n## Viento\n- [[Rumbos]]\n- [[Barlovento|A barlovento]]\n\n## Mar\n- [[Mareas]]\n"
            ),
            "Curso de Vela/Mareas.md": _page("Mareas"),
            "Curso de Vela/Rumbos.md": _page("Rumbos"),
            "Curso de Vela/Barlovento.md": _page("A barlovento"),
        },
        "Curso de Vela",
        [
            ("Viento", "Rumbos", "Curso de Vela/Rumbos.md"),
            ("Viento", "A barlovento", "Curso de Vela/Barlovento.md"),
            ("Mar", "Mareas", "Curso de Vela/Mareas.md"),
        ],
    ),
    "lessons deep inside numbered areas, translations, solutions and assignments beside": (
        {
            "README.md": _page("Gardens for Beginners - A Course"),
            "1-ground/README.md": _page("Ground"),
            "1-ground/lessons/1-soil/README.md": _page("Soil"),
            "1-ground/lessons/1-soil/assignment.md": _page("Assignment"),
            "1-ground/lessons/1-soil/solution/README.md": _page("Solution"),
            "1-ground/lessons/1-soil/translations/README.fr.md": _page("Le sol"),
            "1-ground/lessons/2-worms/README.md": _page("Worms"),
            "2-plants/lessons/3-seeds/README.md": _page("Seeds"),
            "2-plants/lessons/3-seeds/quiz.md": _page("Quiz"),
            "translations/es/1-ground/lessons/1-soil/README.md": _page("El suelo"),
            "quiz-app/README.md": _page("Quiz app"),
            "CODE_OF_CONDUCT.md": _page("Conduct"),
        },
        "Gardens for Beginners - A Course",
        [
            ("Ground", "Soil", "1-ground/lessons/1-soil/README.md"),
            ("Ground", "Worms", "1-ground/lessons/2-worms/README.md"),
            ("Plants", "Seeds", "2-plants/lessons/3-seeds/README.md"),
        ],
    ),
    "modules with an overview, running pages, homework, and a cohort's leftovers": (
        {
            "README.md": _page("Baking Zoomcamp"),
            "01-dough/README.md": "# 1. Dough\n\n- [Why](01-why.md)\n- [How](02-how.md)\n",
            "01-dough/01-why.md": _page("1.1 Why"),
            "01-dough/02-how.md": _page("1.2 How"),
            "01-dough/homework.md": _page("Homework"),
            "02-oven/01-heat.md": _page("2.1 Heat"),
            "02-oven/10-steam.md": _page("2.10 Steam"),
            "02-oven/02-stone.md": _page("2.2 Stone"),
            "cohorts/2024/01-dough/homework.md": _page("Homework"),
        },
        "Baking Zoomcamp",
        [
            ("Dough", "Why", "01-dough/01-why.md"),
            ("Dough", "How", "01-dough/02-how.md"),
            ("Oven", "Heat", "02-oven/01-heat.md"),
            ("Oven", "Stone", "02-oven/02-stone.md"),
            ("Oven", "Steam", "02-oven/10-steam.md"),
        ],
    ),
    "days, each a folder with a text of its own name": (
        {
            "readme.md": _page("30 Days of Clay"),
            "02_Day_Wheel/02_wheel.md": _page("Day 2: The wheel"),
            "10_Day_Glaze/10_glaze.md": _page("Day 10: Glaze"),
            "03_Day_Handles/03_handles.md": _page("Day 3: Handles"),
        },
        "30 Days of Clay",
        [
            (None, "The wheel", "02_Day_Wheel/02_wheel.md"),
            (None, "Handles", "03_Day_Handles/03_handles.md"),
            (None, "Glaze", "10_Day_Glaze/10_glaze.md"),
        ],
    ),
    "numbered notebooks in the root, a cleaned copy beside": (
        {
            "README.md": _page("Deep Bread: the course"),
            "01_intro.ipynb": _notebook("Your baking journey"),
            "02_production.ipynb": _notebook("From loaf to shop"),
            "10_nlp.ipynb": _notebook("Words about bread"),
            "clean/01_intro.ipynb": _notebook("Your baking journey"),
            "utils.md": _page("Utils"),
        },
        "Deep Bread: the course",
        [
            (None, "Your baking journey", "01_intro.ipynb"),
            (None, "From loaf to shop", "02_production.ipynb"),
            (None, "Words about bread", "10_nlp.ipynb"),
        ],
    ),
    "lettered parts and several languages side by side": (
        {
            "README.md": "# Full Loaf Course\n\nThis is the course of the bakery, and it is for you and the others.\n",
            "content/1/en/part1a.md": _page("", title="Flour", part=1, letter="a"),
            "content/1/en/part1b.md": _page("", title="Water", part=1, letter="b"),
            "content/2/en/part2a.md": _page("", title="Heat", part=2, letter="a"),
            "content/1/es/part1a.md": _page("", title="Harina"),
            "content/1/es/part1b.md": _page("", title="Agua"),
            "content/2/es/part2a.md": _page("", title="Calor"),
        },
        "Full Loaf Course",
        [
            ("Módulo 1", "Flour", "content/1/en/part1a.md"),
            ("Módulo 1", "Water", "content/1/en/part1b.md"),
            ("Módulo 2", "Heat", "content/2/en/part2a.md"),
        ],
    ),
    "unnumbered pages that the README puts in order": (
        {
            "README.md": (
                "# Curso de Sabão\n\n1. [Gordura](aulas/gordura.md)\n2. [Cinza](aulas/cinza.md)\n3. [Molde](aulas/molde.md)\n"
            ),
            "aulas/cinza.md": _page("Cinza"),
            "aulas/gordura.md": _page("Gordura"),
            "aulas/molde.md": _page("Molde"),
        },
        "Curso de Sabão",
        [
            (None, "Gordura", "aulas/gordura.md"),
            (None, "Cinza", "aulas/cinza.md"),
            (None, "Molde", "aulas/molde.md"),
        ],
    ),
    "AsciiDoc and spelled numbers": (
        {
            "README.adoc": "= Taller de Cestas\n\nBienvenidos.\n",
            "unidad-dos/leccion-uno.adoc": "= Tejer\n" + PROSE,
            "unidad-uno/leccion-dos.adoc": "= Cortar\n" + PROSE,
            "unidad-uno/leccion-uno.adoc": "= Mimbre\n" + PROSE,
        },
        "Taller de Cestas",
        [
            ("Unidad uno", "Mimbre", "unidad-uno/leccion-uno.adoc"),
            ("Unidad uno", "Cortar", "unidad-uno/leccion-dos.adoc"),
            ("Unidad dos", "Tejer", "unidad-dos/leccion-uno.adoc"),
        ],
    ),
    "VitePress, configured in TypeScript in a hidden folder": (
        {
            "docs/.vitepress/config.mts": (
                "import { defineConfig } from 'vitepress'\nexport default defineConfig({\n  title: 'Curso de Vinho',\n"
                "  themeConfig: { sidebar: [\n    { text: 'Módulo 1', items: [{ text: 'Uva', link: '/uva' }, { text: 'Solo',"
                " link: '/solo.md' }] },\n    { text: 'Módulo 2', items: [{ text: 'Barril', link: '/barril' }] } ] } })\n"
            ),
            "docs/barril.md": _page("Barril"),
            "docs/index.md": _page("Curso de Vinho"),
            "docs/solo.md": _page("Solo"),
            "docs/uva.md": _page("Uva"),
        },
        "Curso de Vinho",
        [
            ("Módulo 1", "Uva", "docs/uva.md"),
            ("Módulo 1", "Solo", "docs/solo.md"),
            ("Módulo 2", "Barril", "docs/barril.md"),
        ],
    ),
    "Starlight with a generated section": (
        {
            "astro.config.mjs": (
                "export default defineConfig({ integrations: [starlight({ title: 'Learn Weaving', sidebar: [\n"
                "  { label: 'Unit 1: Thread', items: [{ label: 'Spin', slug: 'thread/spin' }, 'thread/ply'] },\n"
                "  { label: 'Unit 2: Loom', autogenerate: { directory: 'loom' } } ] })] })\n"
            ),
            "src/content/docs/loom/warp.md": _page("", title="Warp"),
            "src/content/docs/thread/ply.mdx": _page("", title="Ply"),
            "src/content/docs/thread/spin.mdx": _page("", title="Spin"),
        },
        "Learn Weaving",
        [
            ("Thread", "Spin", "src/content/docs/thread/spin.mdx"),
            ("Thread", "Ply", "src/content/docs/thread/ply.mdx"),
            ("Loom", "Warp", "src/content/docs/loom/warp.md"),
        ],
    ),
    "Nextra with an order in every folder": (
        {
            "pages/_meta.json": '{"index": "Home", "sails": "Sails", "knots": "Knots"}',
            "pages/index.mdx": _page("Sailing course"),
            "pages/knots/_meta.json": '{"clove": "Clove hitch", "bowline": {"title": "Bowline"}}',
            "pages/knots/bowline.mdx": _page("Bowline"),
            "pages/knots/clove.mdx": _page("Clove hitch"),
            "pages/sails/jib.mdx": _page("Jib"),
        },
        "Sailing course",
        [
            ("Sails", "Jib", "pages/sails/jib.mdx"),
            ("Knots", "Clove hitch", "pages/knots/clove.mdx"),
            ("Knots", "Bowline", "pages/knots/bowline.mdx"),
        ],
    ),
    "Antora": (
        {
            "antora.yml": "name: x\ntitle: Weaving Workshop\n",
            "modules/ROOT/nav.adoc": "* xref:index.adoc[Home]\n* Lab 1\n** xref:z.adoc[Warp]\n** xref:a.adoc[Weft]\n",
            "modules/ROOT/pages/index.adoc": "= Weaving Workshop\n" + PROSE,
            "modules/ROOT/pages/a.adoc": "= Weft\n" + PROSE,
            "modules/ROOT/pages/z.adoc": "= Warp\n" + PROSE,
        },
        "Weaving Workshop",
        [(None, "Warp", "modules/ROOT/pages/z.adoc"), (None, "Weft", "modules/ROOT/pages/a.adoc")],
    ),
    "lessons and modules side by side, notebooks beside their lesson": (
        {
            "README.md": _page("Clay for Beginners - A Curriculum"),
            "lessons/README.md": _page("Lessons"),
            "lessons/1-Intro/README.md": _page("What clay is"),
            "lessons/2-Tools/README.md": _page("Tools"),
            "lessons/2-Tools/Knives.ipynb": _notebook("Knives"),
            "lessons/3-Wheel/README.md": _page("The wheel"),
            "lessons/3-Wheel/03-Centre/README.md": _page("Centring"),
            "lessons/3-Wheel/03-Centre/Centre.ipynb": _notebook("Plots"),
            "lessons/3-Wheel/03-Centre/lab/README.md": _page("Lab"),
            "lessons/3-Wheel/04-Pull/README.md": _page("Pulling"),
        },
        "Clay for Beginners - A Curriculum",
        [
            (None, "What clay is", "lessons/1-Intro/README.md"),
            (None, "Tools", "lessons/2-Tools/README.md"),
            ("The wheel", "Centring", "lessons/3-Wheel/03-Centre/README.md"),
            ("The wheel", "Pulling", "lessons/3-Wheel/04-Pull/README.md"),
        ],
    ),
    "lessons about things that lessons are told from": (
        {
            "README.md": _page("The Shop"),
            "lessons/06-sales-script.md": _page("Write a sales script"),
            "lessons/07-counter-quiz.md": _page("Quiz at the counter"),
            "lessons/08-proposal-template.md": _page("Template for a proposal"),
            "lessons/09-monthly-report.md": _page("Monthly report"),
            "lessons/10-quiz.md": _page("Quiz"),
        },
        "The Shop",
        [
            (None, "Write a sales script", "lessons/06-sales-script.md"),
            (None, "Quiz at the counter", "lessons/07-counter-quiz.md"),
            (None, "Template for a proposal", "lessons/08-proposal-template.md"),
            (None, "Monthly report", "lessons/09-monthly-report.md"),
        ],
    ),
    "mkdocs, a tab of modules beside tabs of material": (
        {
            "mkdocs.yml": (
                "site_name: Costura\nnav:\n  - Home: index.md\n  - Aulas:\n      - aulas/index.md\n"
                "      - Módulo 1 – Ponto:\n          - 'Aula 01 - Agulha': aulas/aula-01.md\n"
                "          - 'Aula 02 - Linha': aulas/aula-02.md\n"
                "      - Módulo 2 – Corte:\n          - 'Aula 03 - Molde': aulas/aula-03.md\n"
                "  - Materiais:\n      - materiais.md\n      - Projetos:\n          - projetos/index.md\n"
                "          - 'Projeto 01 - Bolsa': projetos/projeto-01.md\n  - Impressão: print.md\n"
            ),
            "docs/index.md": _page("Costura"),
            "docs/print.md": _page("Impressão"),
            "docs/materiais.md": _page("Materiais"),
            "docs/aulas/index.md": _page("Aulas"),
            "docs/aulas/aula-01.md": _page("Aula 01 - Agulha"),
            "docs/aulas/aula-02.md": _page("Aula 02 - Linha"),
            "docs/aulas/aula-03.md": _page("Aula 03 - Molde"),
            "docs/projetos/index.md": _page("Projetos"),
            "docs/projetos/projeto-01.md": _page("Projeto 01: Bolsa"),
        },
        "Costura",
        [
            ("Ponto", "Agulha", "docs/aulas/aula-01.md"),
            ("Ponto", "Linha", "docs/aulas/aula-02.md"),
            ("Corte", "Molde", "docs/aulas/aula-03.md"),
        ],
    ),
    "Starlight, addresses without the signs in the names of files, sheets beside the units": (
        {
            "astro.config.mjs": (
                "export default defineConfig({ integrations: [starlight({ title: 'Sailing Course', sidebar: [\n"
                "  { label: 'Unit 1: Wind', items: [{ label: 'Lesson 1.1: Lee', link: '/unit-1/lesson-11-lee' },\n"
                "    { label: 'Reefing', link: '/unit-1/reefing-12' }] },\n"
                "  { label: 'Unit 2: Ropes', items: [{ label: 'Lesson 2.1: Knots', link: '/unit-2/lesson-21-knots' }] },\n"
                "  { label: 'Reference Sheets', items: [{ label: 'Sail Map', link: '/sheets/sail-map' }] },\n"
                "] })] })\n"
            ),
            "src/content/docs/unit-1/lesson-1.1-lee.mdx": _page("", title="Lee"),
            "src/content/docs/unit-1/Reefing 1.2.mdx": _page("", title="Reefing"),
            "src/content/docs/unit-2/lesson-2.1-knots.mdx": _page("", title="Knots"),
            "src/content/docs/sheets/sail-map.mdx": _page("", title="Sail Map"),
        },
        "Sailing Course",
        [
            ("Wind", "Lee", "src/content/docs/unit-1/lesson-1.1-lee.mdx"),
            ("Wind", "Reefing", "src/content/docs/unit-1/Reefing 1.2.mdx"),
            ("Ropes", "Knots", "src/content/docs/unit-2/lesson-2.1-knots.mdx"),
        ],
    ),
    "a book in Markdown, escaped links, lines that are comments": (
        {
            "SUMMARY.md": (
                "# Table of contents\n\n* [Introdução](README.md)\n\n## Parte 1\n\n* [Barro](o\\_barro.md)\n"
                "* [Torno](o\\_torno.md)\n[comment]: <>* [Roda](a\\_roda.md)\n\n## Parte 2\n\n"
                "* [Forno](o\\_forno.md)\n<!--\n* [Gás](o\\_gas.md)\n-->\n"
            ),
            "README.md": _page("Oficina de Olaria"),
            **{f"{name}.md": _page(name[2:].title()) for name in ("o_barro", "o_torno", "a_roda", "o_forno", "o_gas")},
        },
        "Oficina de Olaria",
        [("Parte 1", "Barro", "o_barro.md"), ("Parte 1", "Torno", "o_torno.md"), ("Parte 2", "Forno", "o_forno.md")],
    ),
    "Jekyll, modules below sessions, titled in the frontmatter alone": (
        {
            "_config.yml": "title: Curso de Abejas\ntheme: just-the-docs\n",
            "docs/s1/README.md": _page("", title="Sesión 1 — Colmena", nav_order=1),
            "docs/s1/a/README.md": _page("", title="Módulo 1 — Reina", nav_order=1, parent="Sesión 1 — Colmena"),
            "docs/s1/a/01-b.md": _page("", title="01 — Postura", nav_order=1, parent="Módulo 1 — Reina"),
            "docs/s1/a/02-a.md": _page("", title="02 — Relevo", nav_order=2, parent="Módulo 1 — Reina"),
            "docs/s1/b/README.md": _page("", title="Módulo 2 — Cera", nav_order=2, parent="Sesión 1 — Colmena"),
            "docs/s1/b/01-c.md": _page("", title="01 — Panal", nav_order=1, parent="Módulo 2 — Cera"),
        },
        "Curso de Abejas",
        [
            ("Reina", "Postura", "docs/s1/a/01-b.md"),
            ("Reina", "Relevo", "docs/s1/a/02-a.md"),
            ("Cera", "Panal", "docs/s1/b/01-c.md"),
        ],
    ),
    "Jupyter Book, a part that is called as what is about a course": (
        {
            "_config.yml": "title: Curso de Mapas\n",
            "_toc.yml": (
                "format: jb-book\nroot: README\nparts:\n  - caption: Presentación\n    chapters:\n"
                "      - file: c1/1.0-Escala\n      - file: c1/1.1-Norte\n  - caption: Relieve\n    chapters:\n"
                "      - file: c2/2.0-Cotas\n"
            ),
            "README.md": _page("Curso de Mapas"),
            "c1/1.0-Escala.md": _page("Escala"),
            "c1/1.1-Norte.ipynb": _notebook("Norte"),
            "c2/2.0-Cotas.md": _page("Cotas"),
        },
        "Curso de Mapas",
        [
            ("Presentación", "Escala", "c1/1.0-Escala.md"),
            ("Presentación", "Norte", "c1/1.1-Norte.ipynb"),
            ("Relieve", "Cotas", "c2/2.0-Cotas.md"),
        ],
    ),
    "notes in R Markdown, overviews that title the modules": (
        {
            "README.Rmd": "# Setas\n\n"
            + "Una versión en español de un texto conocido. " * 20
            + "\n\nEste curso es libre.\n",
            "Notes/01_Forest/00_Overview.Rmd": _page("1. El bosque"),
            "Notes/01_Forest/01_Pine.Rmd": _page("1.1 El pino"),
            "Notes/01_Forest/02_Oak.Rmd": _page("1.2 El roble"),
            "Notes/02_Basket/00_Overview.Rmd": _page("2. La cesta"),
            "Notes/02_Basket/01_Knife.Rmd": _page("2.1 La navaja"),
        },
        "Setas",
        [
            ("El bosque", "El pino", "Notes/01_Forest/01_Pine.Rmd"),
            ("El bosque", "El roble", "Notes/01_Forest/02_Oak.Rmd"),
            ("La cesta", "La navaja", "Notes/02_Basket/01_Knife.Rmd"),
        ],
    ),
    "lettered classes": (
        {
            "README.md": _page("Curso de Dibujo"),
            "Clases/Clase 10 - Color.md": _page("Color"),
            "Clases/Clase 4A - Línea.md": _page("Línea"),
            "Clases/Clase 4B - Punto.md": _page("Punto"),
            "Clases/Clase 5 - Luz.md": _page("Luz"),
        },
        "Curso de Dibujo",
        [
            (None, "Línea", "Clases/Clase 4A - Línea.md"),
            (None, "Punto", "Clases/Clase 4B - Punto.md"),
            (None, "Luz", "Clases/Clase 5 - Luz.md"),
            (None, "Color", "Clases/Clase 10 - Color.md"),
        ],
    ),
}

NEGATIVES: dict[str, dict[str, str]] = {
    "prompts with an unfilled brief": {
        "README.md": _page("Prompts for the studio"),
        "design/course-designer.md": _page("Designer"),
        "templates/course/course-brief.md": "# [Course Title] - Course Brief\n\n## Objective\n[One outcome]\n",
        "templates/course/lesson-template.md": "# Lesson [N]\n",
    },
    "documentation of a program": {
        "mkdocs.yml": "site_name: quick\nnav:\n  - Home: index.md\n  - Install: install.md\n  - API: api.md\n",
        "docs/index.md": _page("quick"),
        "docs/install.md": _page("Install"),
        "docs/api.md": _page("API"),
        "docs/adr/0001-use-x.md": _page("1. Use X"),
        "docs/adr/0002-use-y.md": _page("2. Use Y"),
        "CHANGELOG.md": _page("Changelog"),
    },
    "a blog": {
        "_config.yml": "title: My days\n",
        "_posts/2023-09-11-first.md": _page("First"),
        "_posts/2023-09-12-second.md": _page("Second"),
        "about.md": _page("About"),
    },
    "diary notes": {"Daily/2024-01-01.md": _page("Monday"), "Daily/2024-01-02.md": _page("Tuesday")},
    "numbered prompts": {
        "README.md": _page("Prompts"),
        "prompts/01-writer.md": _page("W"),
        "prompts/02-coder.md": _page("C"),
    },
    "specifications": {"specs/001-login/spec.md": _page("Login"), "specs/002-logout/spec.md": _page("Logout")},
    "a curriculum vitae": {"README.md": _page("Ana"), "experience.md": _page("Experience"), "education.md": _page("X")},
}


def _write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def _read(folder: Path) -> tuple[str, list[Lesson]]:
    (place,) = find_courses(folder)
    course = read_course(place)
    lessons = [
        (
            module.title if module.key is not None else None,
            lesson.title,
            (place / lesson.relative).relative_to(folder.resolve()).as_posix(),
        )
        for module in course.modules
        for lesson in module.lessons
    ]
    return course.title, lessons


@pytest.mark.parametrize("kind", TREES)
def test_a_course_of_any_maker_is_read_as_a_person_reads_it(tmp_path: Path, kind: str) -> None:
    """Lessons, their order, titles and modules, and the title of the course are those that the folder states."""
    files, title, lessons = TREES[kind]
    assert _read(_write(tmp_path / "pasta", files)) == (title, lessons)


@pytest.mark.parametrize("kind", NEGATIVES)
def test_what_is_no_course_is_refused_with_what_was_seen(tmp_path: Path, kind: str) -> None:
    """A folder of other texts holds no lesson; each file is accounted for."""
    folder = _write(tmp_path / "pasta", NEGATIVES[kind])
    with pytest.raises(NotACourse, match="holds no course: no brief, no curriculum"):
        find_courses(folder)
    assert {path.as_posix() for path in explain_folder(folder)} == set(NEGATIVES[kind])


@pytest.mark.parametrize("pages", ["7", "null", '"a"', "[1]", "{}"])
def test_an_order_that_is_none_is_passed_over(tmp_path: Path, pages: str) -> None:
    """What stands in the place of a list may be anything; the pages then stand in the order of their names."""
    files = {f"aulas/{name}.md": _page(name) for name in ("brisa", "vento")}
    _, lessons = _read(_write(tmp_path / "pasta", {**files, "aulas/meta.json": f'{{"pages": {pages}}}'}))
    assert [path for _, _, path in lessons] == list(files)
