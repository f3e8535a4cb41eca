"""Words that children use for what they like, in groups whose heads say in plain words what they are.

The groups know nothing of any school's topics: a reader asks which of a school's topics has a head among its own words.
A group whose heads no topic has is still of use, for its words are then known to be none of the school's topics.
The words are of our own choosing; brands, players and singers come and go, and none of them is needed.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Group:
    """Words for one kind of thing."""

    heads: tuple[str, ...]
    """What the kind is called, from the special to the general; the first that a topic has decides."""
    members: tuple[tuple[str, ...], ...]
    """Each is one thing in all its spellings and synonyms."""

    @property
    def texts(self) -> tuple[str, ...]:
        """All words of the group, heads first."""
        return (*self.heads, *(text for synonyms in self.members for text in synonyms))


def _groups(written: str) -> tuple[Group, ...]:
    """Read groups off paragraphs: heads, a colon, members by commas, synonyms by `=`."""
    found = []
    for paragraph in written.strip().split("\n\n"):
        heads, members = " ".join(paragraph.split()).split(": ")
        found.append(
            Group(
                heads=tuple(head.strip() for head in heads.split(",")),
                members=tuple(tuple(text.strip() for text in synonyms.split("=")) for synonyms in members.split(",")),
            )
        )
    return tuple(found)


GROUPS = _groups("""
sports, sport, ball games, exercise: soccer=football=futbol=fussball=foot=fusball=futebol=calcio,
basketball=hoops=basket=baloncesto=nba, baseball=mlb, softball, volleyball=volley, tennis, table tennis=ping pong,
badminton, hockey=nhl, lacrosse, rugby, cricket, golf=mini golf, kickball, dodgeball, handball, netball, water
polo=scuba=snorkeling, bowling, swimming=swim=nadar=schwimmen, diving, surfing=bodyboarding,
gymnastics=acrobatics=tumbling=cartwheels=backflips=flips=handstands, trampoline, cheerleading=cheer, track and field,
run track, track team, cross country, long jump, high jump, sprinting, running=run=runner=correr, marathon, jogging,
karate=judo=taekwondo=martial arts=kung fu=jiu jitsu, boxing, wrestling, fencing, archery,
skateboarding=skateboard=skating=skate, roller skating=rollerblading, ice skating=figure skating, skiing=ski,
snowboarding=snowboard, sledding, biking=bike=bicycle=cycling=bmx=mountain biking, scooter=scootering, rock
climbing=climbing, parkour, jump rope=jumping rope=double dutch, yoga=zumba=pilates, weight lifting=workouts=working
out=exercising, gym class=pe=phys ed, super bowl=nfl=quarterback=touchdowns, world cup, olympics,
goalie=goalkeeper=striker, penalty kicks, home runs, free throws=three pointers=slam dunk, scoring goals=score
goals=lots of goals=goals, messi=ronaldo=mbappe=neymar, lebron=steph curry=michael jordan, serena williams,
lakers=warriors=celtics, dodgers=yankees, real madrid=barcelona, kayaking=canoeing=paddling, rowing=crew, sailing,
referee, athlete=athletics=athletic=deporte=sportlich, capture the flag, tetherball, pickleball, frisbee=ultimate
frisbee, horseback racing, sprint, ball=balls, playing catch, laps, relay race, obstacle course, deportes, turnen,
natation

dance, music: dance=dancing=dances=dancer=bailar=tanzen=danser, ballet, hip hop dance, tap dance, tiktok dances,
breakdancing

animals, animal, pets, wildlife: dog=puppy=pup=doggo=perro=hund=chien=doggy, cat=kitten=kitty=gato=katze=chat,
pet=mascota=haustier, hamster, gerbil, guinea pig, rabbit=bunny=conejo, horse=pony=caballo=pferd=cheval=horseback
riding=foal, cow=calf, pig=piglet, goat, sheep=lamb, chick=hen=rooster, duck=duckling, goose, turtle=tortoise, snake,
lizard=gecko=iguana=chameleon, bearded dragon, frog=toad=tadpole, salamander=newt=axolotl, fish
tank=aquarium=goldfish=tropical fish=betta, shark, whale=orca=narwhal, dolphin, seal=sea lion, otter, octopus=squid,
jellyfish, crab=lobster, seahorse, sea turtle, penguin, owl, eagle=hawk=falcon, parrot=parakeet=budgie=cockatiel,
bird=pajaro=vogel=birdwatching=bird watching, flamingo, bat, bear=panda=polar bear, koala, kangaroo,
monkey=ape=gorilla=chimp=chimpanzee, lion=lioness, tiger, cheetah=leopard=jaguar=panther, elephant, giraffe, zebra,
hippo, rhino, wolf=wolves, fox, deer, moose, raccoon=squirrel=chipmunk, hedgehog, sloth, llama=alpaca, camel,
crocodile=alligator, insect=bug=beetle=ant=bee=ladybug, butterfly=caterpillar=moth, spider=tarantula, worm=snail=slug,
dinosaur=dino=trex=t rex=triceratops=velociraptor=ankylosaurus, fossil, zoo=safari, vet=veterinarian, animal shelter,
farm animals, stable=stables=barn, wildlife=creatures, reptile=amphibian, mammal, kitties, animales=tiere=animaux,
feeding ducks, animal rescue, zookeeper, marine biologist

music, songs: music=musica=musik=musique=musical, song=singing=sing=singer=cantar=singen=chanter=songwriting,
choir=chorus, band=orchestra=marching band, concert, guitar=gitarre=guitarra=guitare=bass guitar=electric guitar,
piano=keyboard=klavier, violin=fiddle=viola, cello, drum=drumming=drummer=percussion, flute, clarinet, saxophone=sax,
trumpet=trombone=tuba=french horn, recorder, ukulele=banjo, harp, xylophone, harmonica, instrument=instruments,
rap=rapping=rapper=hip hop, kpop=k pop=bts=blackpink=jpop, pop music, rock music=rock n roll=rock and roll=heavy
metal, jazz=blues, country music, classical music=mozart=beethoven=bach, reggaeton=salsa=cumbia=mariachi=bad bunny,
rnb, edm=dubstep=techno, dj=djing=beats=making beats, karaoke, beatboxing, playlist=spotify, taylor swift=swiftie,
beyonce=rihanna, billie eilish=ariana grande=olivia rodrigo, drake=kendrick, bruno mars=ed sheeran,
lyrics=melody=rhythm, musician=musical theater=musicals=hamilton, headphones, album, listening to
the radio=listen to the radio=music radio=radio station

building, making things, construction, engineering, crafts: lego=duplo=lego sets=bionicle,
building=build=builder=built=bauen=construir=construire, blocks=magnatiles=knex=kapla, construct=construction,
fort=forts=blanket fort, treehouse=tree house, birdhouse, robot=robotics=robotic,
woodworking=woodwork=wood=carpentry=carpenter=whittling, tool=hammer=saw=drill=screwdriver=nails and hammer, fix
things=fixing=fix=repair=repairing=tinkering, take things apart=taking things apart=take apart=taking apart=takes apart,
invent=inventing=inventor=invention=inventions, engineer=engineering=mechanic=engine=welding, model airplane=model
car=model kit=model train, paper airplane, go kart=gokart, 3d printing=3d printer,
electronics=circuit=soldering=arduino=raspberry pi, machine=machines=gadgets=gears, making things=make things=making
stuff=make stuff=diy, cardboard, popsicle stick, slime=making slime, catapult, bridges, stem kits

crafts, making things, building, art: craft=crafts=crafting=bricolage=basteln,
knit=knitting=crochet=crocheting=weaving, sew=sewing=quilting=embroidery=stitching,
bracelet=beads=beading=jewelry=friendship bracelets=rainbow loom, scrapbook=scrapbooking, tie dye, candle making=soap
making

space, astronomy, planets, universe: space=outer space=espacio=weltraum=weltall=espace,
planet=mars=jupiter=saturn=venus=neptune=uranus=pluto, star gazing=stargazing=stars=estrellas, astronaut=cosmonaut,
astronomy=astronomer=astrophysics, rocket=rocket ship=rocket launch=spaceship=spacecraft, nasa=spacex,
moon=lunar=luna=mond, telescope=hubble=james webb, galaxy=milky way=nebula, black hole=supernova,
comet=meteor=asteroid=shooting stars, solar system, constellation=orion=big dipper, alien=ufo=extraterrestrial,
universe=cosmos, rover=mars rover, eclipse, satellite=space station, gravity

food, cooking, baking: food=foods=comida=essen=nourriture=snack=snacks, cooking=cook=cocinar=kochen=cuisiner=chef,
baking=bake=baker=bakery=hornear=backen, recipe=cookbook=kitchen,
cookie=brownie=muffin=cupcake=cake=pastry=donut=dessert=pie=gateau=gateaux, bread=dough,
pizza=pasta=spaghetti=lasagna=noodles=ramen=mac and cheese=mac n cheese=meatballs,
taco=burrito=quesadilla=enchilada=tamale=empanada=arepa=pupusa, sushi=dumpling=rice=curry=biryani=naan=samosa,
burger=hamburger=hot dogs=fries=french fries=chicken nuggets=chicken wings, pancake=waffle=breakfast=french toast, ice
cream=gelato=popsicle, chocolate=candy=sweets=gummy, hot cheetos=takis=chips=popcorn=doritos,
smoothie=milkshake=lemonade=boba=bubble tea=hot chocolate, eat=eating=comer=manger, lunch=dinner=meal,
bbq=barbecue=grilling=grill, soup=salad=sandwich=steak=bacon, fruit=strawberries=mango=vegetable, cheese, gordon
ramsay, masterchef=food network=cooking shows=bake off, restaurant=mcdonalds, spicy food

video games, computer games, gaming, games: video game=videogame=computer game=gaming=gamer=videojuego=jeux
video=videospiel=game console, minecraft=creeper, roblox, fortnite, mario=super mario=mario kart=luigi, zelda=breath
of the wild, pokemon=pikachu, nintendo=nintendo switch=my switch=wii, xbox=playstation=ps4=ps5=psp, fifa=madden=nba
2k, call of duty=cod=halo=apex legends=valorant=overwatch, among us=fall guys, brawl stars=clash royale=clash of
clans=subway surfers=candy crush, animal crossing=splatoon=smash bros=kirby=pac man=space invaders=tetris, sonic the
hedgehog=sonic, terraria=stardew valley=undertale=five nights at freddys=fnaf=poppy playtime, gta=grand theft auto,
rocket league=forza=gran turismo, guitar hero=rock band game=just dance, speedrun=speedrunning=esports=streaming
games, arcade, the sims=sims, adopt me=blox fruits=brookhaven, prodigy, geometry dash, oculus=vr games

board games, card games, games, puzzles: game=games=juego=spiele=jeux, board game, card game=playing cards=play
cards=solitaire=poker=go fish, uno=monopoly=scrabble=clue=sorry=jenga=connect four=catan=risk game,
chess=checkers=ajedrez=schach=echecs, dungeons and dragons=dnd=role playing=rpg=warhammer,
puzzle=jigsaw=sudoku=crossword=word search=riddles=brain teasers, rubiks cube=rubix cube, escape room, pokemon
cards=magic the gathering=yugioh, hide and seek, dominoes=mancala=backgammon, trivia=bingo=charades

art, drawing, painting, arts: art=arts=artist=arte=kunst=artistic=artwork,
drawing=draw=drawn=drew=dibujar=zeichnen=dessiner=drawings, painting=paint=painter=pintar=malen=peindre,
sketch=sketching=sketchbook, doodle=doodling, color=coloring=colouring=colour, watercolor=watercolour=acrylic, comic
drawing=making comics, cartoon drawing=draw cartoons=manga drawing=anime drawing,
sculpture=sculpting=clay=pottery=ceramics, origami, calligraphy=hand lettering, graffiti=mural,
crayons=markers=pastels=colored pencils, arts and crafts=art class, digital art=procreate, animation=animating, van
gogh=picasso=frida kahlo=monet, art museum, portrait, collage, illustration=illustrator, designing clothes=fashion
design, face painting

photography, art: photography=photos=pictures=photographer=camera=taking pictures=take pictures=foto

theater, drama, acting: theater=theatre=puppets=puppet show=acting=actor=actress=drama club=school play=improv

dolls, toys: doll=barbie=toy=toys=fidget spinner=yo yo=stuffed animals=plushies=squishmallows=hot wheels=nerf

magic: magic=magic tricks=magician

books, reading, stories: read=reading=book=books=novel=harry potter=percy jackson=wimpy kid=library=leer=lire=lesen,
writing=writer=stories=story=poem=poetry, comic books=graphic novels=manga

movies, films, television: movie=film=cinema=netflix=disney=marvel=tv=television=series=cartoons=anime, star wars=star
trek, youtube=youtuber=tiktok=vlog=making videos=videos

cars, vehicles, trains: car=cars=truck=race car=nascar=formula 1=motorcycle=dirt bike, train=subway=trains=locomotive,
airplane=plane=helicopter, bus, tractor, boat, roller coaster

nature, outdoors, plants: nature=outdoors=outside=hiking=hike=camping=camp=woods=forest=beach=mountains=ocean=river,
fishing, gardening=garden=plants=flowers=trees=mushrooms, rocks=shells=crystals=minerals, rainbow=weather=snow=mud

fashion, clothes: fashion=clothes=shoes=sneakers=makeup=nails=hair=shopping=mall=outfit=jewellery

computers, programming, technology:
computer=coding=code=programming=scratch=python=ipad=phone=technology=hacking=internet=app, artificial intelligence

science, experiments: science=scientist=experiment=chemistry=biology=physics=microscope=volcano=ciencia

mathematics, math: math=maths=numbers=fractions=algebra=multiplication=matematicas

history, geography: history=geography=maps=ancient egypt=rome=knights=castles=world war=mythology=greek gods

languages: spanish=french=english=chinese=language=languages

travel: travel=travelling=vacation=trips=florida=holiday

friends, family: friend=friends=bestie=hang out=hanging
out=family=mom=dad=brother=sister=cousin=cousins=grandma=grandpa=abuela=uncle=aunt=parents

school: school=teacher=homework=class=recess=dishes=chores=laundry

rest: sleep=sleeping=nap=relaxing=chill=chilling=bed=lazy=couch

fantasy: unicorn=dragon=mermaid=fairy=vampire=zombie=monster=princess=ninja=pirate=superhero=wizard

collecting: collecting=stickers=coins=stamps

celebrations: birthday=christmas=halloween=party=presents=saturday=weekend=money=rich
""")
