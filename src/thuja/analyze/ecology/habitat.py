"""Habitats as an encyclopedia says them: marine, freshwater, terrestrial, and any of them together."""

import re
from typing import Final

from thuja.analyze.ecology.reading import Grammar, Kind, Reading, Rule, read
from thuja.analyze.ecology.vocabulary import HABITATS


def _rule(label: str, kind: Kind, words: str) -> Rule:
    return Rule(label=label, kind=kind, pattern=re.compile(rf"\b(?:{words})\b"), is_opening=kind is Kind.NAMED)


_MARINE: Final = (
    r"marine|salt[- ]?water|sea[- ]?water|pelagic|deep[- ]sea|intertidal|subtidal|littoral zones?|ocean[- ]dwelling|"
    r"oceanic|coral reefs?|reef[- ]dwelling|sea[- ]dwelling|seagrass(?:es)?|seashores?"
)
_FRESHWATER: Final = (
    r"fresh[- ]?water|"
    r"semi-?aquatic|water beetles?|water bugs?|pond snails?|pondweeds?|water ?lil(?:y|ies)|aquatic"
)
_YOUNG: Final = r"aquatic (?:larvae|nymphs|immatures|juveniles|naiads)|(?:larvae?|nymphs)\b[^.]{0,60}\baquatic"
"""Where only the young are of the water, adults are of the land."""
_TERRESTRIAL: Final = (
    r"terrestrial|land[- ]dwelling|ground[- ](?:living|dwelling|nesting)|tree[- ](?:living|dwelling)|arboreal|"
    r"land snails?|land slugs?|air-breathing land|soil[- ]dwelling|burrowing (?:rodents?|mammals?)|fossorial|"
    r"forest[- ]dwelling|desert[- ]dwelling|epiphytic|epiphytes?|lithophytes?"
)
_SEA_GROUPS: Final = (
    r"sea (?:snails?|slugs?|urchins?|stars?|cucumbers?|anemones?|squirts?|spiders?|turtles?|snakes?|lions?|fans?|"
    r"pens?|lil(?:y|ies)|hares?|birds?|horses?|bass|worms?)|starfish(?:es)?|brittle stars?|sand dollars?|"
    r"seabirds?|seahorses?|corals?|tunicates?|ascidians?|nudibranchs?|cuttlefish(?:es)?|octopus(?:es)?|octopod(?:es|"
    r"s)?|squids?|"
    r"cephalopods?|barnacles?|chitons?|true jellyfish(?:es)?|bryozoans?|sponges?|demosponges?|polychaetes?|"
    r"bristleworms?|crinoids?|echinoderms?|"
    r"ophiuroids?|holothurians?|albatross(?:es)?|penguins?|baleen whales?|toothed whales?|beaked whales?|whales|"
    r"earless seals?|fur seals?|eared seals?|wrasses?|damselfish(?:es)?|parrotfish(?:es)?|surgeonfish(?:es)?|"
    r"seaweeds?|kelps?|red algae|brown algae"
)
_WATER_GROUPS: Final = (
    r"crayfish(?:es)?|caddisfl(?:y|ies)|mayfl(?:y|ies)|stonefl(?:y|ies)|(?:dragonfl|damselfl)(?:y|ies)|water striders?|"
    r"waterfowl|ducks?|geese|goose|swans?|grebes?|diving beetles?|whirligig beetles?|water boatm[ae]n|riffle beetles?"
)
_FLYING: Final = r"caddisfl(?:y|ies)|mayfl(?:y|ies)|stonefl(?:y|ies)|(?:dragonfl|damselfl)(?:y|ies)"
_LAND_GROUPS: Final = (
    r"moths?|butterfl(?:y|ies)|skippers?|ants?|bees?|bumble ?bees?|wasps?|sawfl(?:y|ies)|weevils?|"
    r"(?:leaf|ground|longhorn(?:ed)?|long-horned|click|rove|scarab|dung|bark|darkling|jewel|stag|blister|soldier|"
    r"lady(?:bird)?|checkered|tiger|tortoise|flower|carrion|burying|fungus) beetles?|beetles?|ladybugs?|fireflies|"
    r"grasshoppers?|crickets?|katydids?|bush ?crickets?|locusts?|mantis(?:es)?|mantids?|cockroach(?:es)?|termites?|"
    r"stick insects?|earwigs?|aphids?|leafhoppers?|planthoppers?|treehoppers?|froghoppers?|cicadas?|stink ?bugs?|"
    r"shield ?bugs?|plant ?bugs?|assassin bugs?|lace ?bugs?|seed bugs?|lacewings?|thrips|psyllids?|scale insects?|"
    r"spiders?|harvestm[ae]n|scorpions?|pseudoscorpions?|centipedes?|millipedes?|gall mites?|ticks?|"
    r"robber fl(?:y|ies)|bee fl(?:y|ies)|flesh fl(?:y|ies)|tachinid fl(?:y|ies)|fruit fl(?:y|ies)|hover ?fl(?:y|ies)|"
    r"(?<!water )bugs?|flies|(?<!sea )(?<!water )snakes?|lizards?|geckos?|skinks?|agamas?|chameleons?|iguanas?|"
    r"tortoises?|pythons?|vipers?|rattlesnakes?|"
    r"songbirds?|finch(?:es)?|sparrows?|warblers?|thrush(?:es)?|flycatchers?|woodpeckers?|pigeons?|doves?|parrots?|"
    r"parakeets?|hummingbirds?|owls?|tanagers?|larks?|swallows?|swifts?|hawks?|eagles?|falcons?|pheasants?|quails?|"
    r"partridges?|crows?|jays?|wrens?|tits?|chickadees?|nuthatch(?:es)?|starlings?|mynas?|buntings?|pipits?|"
    r"antbirds?|antwrens?|honeyeaters?|sunbirds?|cuckoos?|babblers?|bulbuls?|weavers?|waxbills?|shrikes?|vireos?|"
    r"orioles?|bowerbirds?|toucans?|hornbills?|barbets?|passerine birds?|perching birds?|"
    r"rodents?|mice|mouse|rats?|voles?|squirrels?|bats?|deer|antelopes?|hares?|rabbits?|shrews?|foxes|cats|"
    r"monkeys?|lemurs?|kangaroos?|wallab(?:y|ies)|hedgehogs?|marmots?|goats?|sheep|bovines?|bears?"
)
_SEA_PLACES: Final = (
    r"(?:in|from|of|to|throughout|across|inhabit(?:s|ing)?) (?:the )?(?:[\w-]+,? ){0,6}(?:oceans?|seas?|seawaters?)"
    r"(?! (?:buckthorn|holl|lavender|rocket|kale|grape|oat|pea|pink|aster)\w*)|"
    r"continental shel(?:f|ves)|reefs?|seabed|sea ?floor|tide ?pools?|estuar(?:y|ies)|brackish|mangroves?|"
    r"salt ?marsh(?:es)?"
)
_WATER_PLACES: Final = (
    r"rivers|streams|lakes|ponds|creeks|swamps?|marsh(?:es)?|wetlands?|rivulets|brooks|torrents|springs|bogs|"
    r"shallow water|still water|slow-moving water|standing water|running water|inland waters?"
)
_LAND_PLACES: Final = (
    r"(?:rain)?forests?|woodlands?|woods|grasslands?|deserts?|savannah?s?|meadows?|steppes?|prairies?|scrub(?:land)?s?|"
    r"shrublands?|heath(?:land)?s?|tundra|pastures?|gardens|fields|cultivated land|leaf litter|undergrowth|"
    r"chaparral|maquis|thickets?|arid|semi-?arid|rocky (?:slopes?|places|hillsides)|soils?|roadsides|"
    r"dunes?|cloud forests?|taiga|lawns?|dead wood|rotting wood|decaying wood|tree trunks"
)
_STRUCK: Final = re.compile(
    r"above sea[- ]level|sea[- ]level|oceanic islands?|soil (?:erosion|enrich\w+)|"
    r"\((?:and )?(?:a few|some|including|e\.g\.|such as)[^)]*\)|islands? (?:of|in) the [\w ]+?(?:oceans?|seas?)|"
    r"(?:coasts?|shores?|east|west|north|south|basin|borders?|islands?) of the [\w ]+?(?:oceans?|seas?)|"
    r"(?:from the|between the) (?:[\w]+ )?(?:ocean|sea) to the (?:[\w]+ )?(?:ocean|sea)|"
    r"black sea (?:coast|region)|(?:mangrove|kelp) forests?|(?:\w+ )?(?:river|lake|sea|ocean) (?:basins?|valleys?|"
    r"drainages?|coasts?)|"
    r"(?:sea|marine|ocean) (?:coasts?|cliffs?|shore)|tree ?frogs?|(?:forest|wood|tree|field|garden|desert|meadow|"
    r"marsh|river|pond) "
    r"(?:frogs?|toads?|snakes?|turtles?|names?)|(?:marine|maritime) (?:climates?|biologists?|biology|influence)|"
    r"feed(?:s|ing)? on[^.;]*|prey(?:s|ing)? on[^.;]*|eats?\b[^.;]*|diet[^.;]*|diets? of[^.;]*|"
    r"(?:popular|kept|used|cultivated|grown|common) in[^.,;]*|aquarium[^.,;]*|aquaria[^.,;]*|"
    r"predators? of[^.;]*|parasit\w+ (?:of|on)[^.;]*|hosts?\b[^.;]*|threat\w*[^.;]*|named (?:after|for|in)[^.;]*|"
    r"means?\b[^.;]*|meaning\b[^.;]*|(?:latin|greek)\b[^.;]*|destruction[^.;]*|loss of[^.;]*|pests? of[^.;]*|"
    r"deforestation|"
    r"fly-?fishing|fish(?:ery|eries)|fishermen|lake \w+ national|national (?:park|forest)s?|black forest"
)
_SUBJECT: Final = re.compile(r"^(?!Other )")
HABITAT: Final = Grammar(
    labels=HABITATS,
    rules=(
        _rule("marine", Kind.SAID, _MARINE),
        _rule("freshwater", Kind.SAID, _FRESHWATER),
        _rule("terrestrial", Kind.SAID, _TERRESTRIAL),
        _rule("terrestrial", Kind.SAID, _YOUNG),
        _rule("marine", Kind.NAMED, _SEA_GROUPS),
        _rule("freshwater", Kind.NAMED, _WATER_GROUPS),
        _rule("terrestrial", Kind.NAMED, _FLYING),
        _rule("terrestrial", Kind.NAMED, _LAND_GROUPS),
        _rule("marine", Kind.PLACE, _SEA_PLACES),
        _rule("freshwater", Kind.PLACE, _WATER_PLACES),
        _rule("terrestrial", Kind.PLACE, _LAND_PLACES),
    ),
    struck=_STRUCK,
    subject=_SUBJECT,
)
"""Adults of dragonflies, mayflies, stoneflies and caddisflies fly over land, their young live in fresh water: both."""
_OF_PLANTS: Final = Grammar(
    labels=HABITATS,
    rules=[rule for rule in HABITAT.rules if rule.kind is not Kind.NAMED],
    struck=_STRUCK,
    subject=_SUBJECT,
)


def read_habitat(text: str, *, is_animal: bool = True) -> Reading:
    """Where the organisms of a text live; what groups of animals are called is read of animals only.

    >>> read_habitat("A genus of sea snails.").labels, read_habitat("Freshwater and marine snails.").primary
    (('marine',), 'mixed')
    """
    return read(text, HABITAT if is_animal else _OF_PLANTS)
