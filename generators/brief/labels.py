"""What authors call the fields of a brief, as patterns over `label_key`s; Portuguese first, some English."""

import re

_COURSE = r"(?: (?:do|da|deste|desta|of the)? ?(?:curso|treinamento|programa|formacao|trilha|course|training|oficina))?"
_KIND = r"(?: (?:completo|oficial|principal|definitivo|final|provisorio|sugerido|de trabalho|comercial|provisional))*"
TITLE = re.compile(
    rf"(?:titulo|nome|denominacao|title|name){_KIND}{_COURSE}{_KIND}"
    r"|(?:course|curso) (?:title|name|titulo)|curso|course"
)
SUBTITLE = re.compile(r"subtitulo.*|tagline.*|subtitle.*|slogan|chamada|headline principal|promessa principal")
SLUG = re.compile(
    r"(?:course )?slug(?: (?:do curso|of the course|url|id|curso))*|curso id|course id|id do curso"
    r"|identificador.*|url slug"
)
INSTRUCTOR = re.compile(
    r"(?:instrutor|instrutora|instructor|professor|professora|teacher|docente|facilitador|facilitadora|expert|especialista"
    r"|autor|autora|author|mentor|mentora|ministrante|palestrante|apresentador|apresentadora|tutor|tutora|instrutores|instrutoras|professores|professoras|docentes|facilitadores|autores|instructors"
    r"|(?:ministrado|conduzido|apresentado|taught|led) (?:por|by))"
    r"(?: (?:a|responsavel|principal|do curso|nome|persona|es|titular|name))*|nome (?:do"
    r"|da) (?:instrutora?|professora?|expert)"
    r"|quem (?:vai )?(?:ensina|da as aulas|dar as aulas|ministra|conduz|apresenta)r?.*"
)
_NAME = r"((?-i:[A-ZÀ-Ý])[\w'’-]+(?: (?:d[aeo]s? )?(?-i:[A-ZÀ-Ý])[\w'’-]+){1,4})"
TAUGHT_BY = re.compile(
    rf"\b(?:ministrad|conduzid|apresentad|taught|led|dad)[oa]? (?:por|pel[oa]|by) {_NAME}", re.IGNORECASE
)
RESPONSIBLE = re.compile(r"responsavel|responsible|responsaveis")
DURATION = re.compile(
    r"duracao(?: (?:total|estimada|prevista|aproximada|geral|do curso|do treinamento|da trilha"
    r"|desejada|alvo|e formato))*"
    r"|(?:total |estimated |course )*(?:duration|length)(?: total)?|carga horaria(?: (?:total"
    r"|estimada|prevista|do curso))*"
    r"|tempo total(?: (?:estimado|do curso|de conteudo))*|horas(?: totais| de conteudo)?|total de horas|total hours"
    r"|ch(?: total)?|quanto tempo (?:dura|leva|tem|vai durar).*"
)
MODULES = re.compile(
    r"(?:(?:numero|quantidade|qtd|qtde|n|no|nr|total|number) (?:total )?(?:de |of )?)?(?:modulos|modules)"
    r"(?: (?:totais|previstos|planejados|do curso))*|num modules|modules count"
)
LESSONS = re.compile(
    r"(?:(?:numero|quantidade|qtd|qtde|n|no|nr|total|number) (?:total )?(?:de |of )?)?(?:aulas"
    r"|lessons|licoes|videoaulas"
    r"|video aulas)(?: (?:totais|previstas|planejadas|do curso|total))*|num lessons|lessons count"
)
# Where the brief lists no outline, whatever it counts in place of modules and lessons.
_COUNT_OF = r"(?:(?:numero|quantidade|qtd|qtde|n|no|nr|total|number) (?:total )?(?:de |of )?)?"
OTHER_MODULES = re.compile(rf"{_COUNT_OF}(?:unidades|units|blocos|semanas|weeks|secoes|sections|partes)")
OTHER_LESSONS = re.compile(rf"{_COUNT_OF}(?:encontros|sessoes|sessions|videos|classes|episodios|capitulos|chapters)")
LEVEL = re.compile(
    r"nivel(?: (?:do curso|de conhecimento|de dificuldade|geral|exigido|dos alunos|de entrada"
    r"|conhecimento|tecnico do curso"
    r"|de profundidade))*"
    r"|(?:knowledge |difficulty |course |skill )?level|dificuldade|difficulty"
)
PRIOR_KNOWLEDGE = re.compile(r"conhecimentos? previos?.*|nivel (?:de )?conhecimento previo|prior knowledge.*")
PRICE = re.compile(
    r"(?:preco|valor|price|investimento|ticket)(?: (?:sugerido|do curso|especifico|final|de venda"
    r"|de lancamento|cheio|a vista"
    r"|regular|unitario|standalone|normal|padrao|alvo|principal|exato|base|do produto"
    r"|se fosse standalone|oficial|de tabela"
    r"|fixo|definido|da inscricao|em reais|brl|r))*|(?:suggested|course|launch|regular) price|precificacao|pricing"
    r"|quanto (?:vai )?custar?.*"
)
EXACT_PRICE = re.compile(r"valor especifico|preco (?:exato|final|definido)|exact price|valor exato")
CATEGORY = re.compile(r"categorias?(?: (?:principal|do curso))*|(?:main )?category|area tematica|tema principal")
TAGS = re.compile(r"tags?|palavras chave|keywords|etiquetas|tags palavras chave")
STRUCTURE = re.compile(r"estrutura(?: do curso)?|formato|tamanho|structure|format|extensao")
FRAMEWORK = re.compile(
    r"(?:framework|abordagem|metodologia|modelo)(?: (?:escolhid[oa]|pedagogic[oa]|principal"
    r"|de ensino|didatic[oa]|utilizad[oa]))*"
    r"|qual abordagem pedagogica.*|pedagogical (?:framework|approach)"
)
STYLE = re.compile(r"estilo(?: (?:de ensino|didatico|preferido|das aulas|pedagogico|principal))*|teaching style")
LANGUAGE = re.compile(r"idioma(?: do curso)?|lingua|language")
