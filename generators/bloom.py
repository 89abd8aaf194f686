from generators.portuguese import infinitive

_BLOOM = {
    "remember": frozenset({"listar", "nomear", "lembrar", "citar", "memorizar", "localizar"}),
    "understand": frozenset(
        {"entender", "compreender", "explicar", "descrever", "resumir", "interpretar", "reconhecer", "conhecer"}
    ),
    "apply": frozenset(
        {"aplicar", "usar", "utilizar", "executar", "configurar", "instalar", "calcular", "reservar", "fotografar"}
        | {"editar", "praticar", "organizar", "conduzir", "separar", "implementar", "integrar", "conectar"}
    ),
    "analyze": frozenset({"analisar", "comparar", "diferenciar", "distinguir", "identificar", "examinar", "encontrar"}),
    "evaluate": frozenset(
        {"avaliar", "escolher", "decidir", "justificar", "criticar", "validar", "medir", "priorizar"}
    ),
    "create": frozenset(
        {"criar", "construir", "montar", "produzir", "escrever", "redigir", "desenvolver", "planejar", "projetar"}
        | {"desenhar", "elaborar", "compor", "definir", "publicar"}
    ),
}


def bloom_level(objective: str) -> str | None:
    """The level that an objective's verb names, None for a verb that names none."""
    verb = (infinitive(objective) or "").split(maxsplit=1)[:1]
    return next((level for level, verbs in _BLOOM.items() if verb and verb[0] in verbs), None)
